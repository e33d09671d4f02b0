using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;
using Dataplane.Linux.Mounts;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Processes;

/// <summary>What is done for a container between the birth of its PID 1 and the execution of its program.</summary>
internal static class RootCompanion
{
    private static readonly string[] MountPrograms = ["/usr/bin/mount", "/bin/mount"];

    /// <param name="gate">Where the child waits.</param>
    /// <param name="plan">The container; its root is built, in the spawner's mount namespace.</param>
    /// <param name="spawner">Thread ID of the spawner, which waits in vfork.</param>
    internal static void Finish(SpawnGate gate, ContainerPlan plan, int spawner)
    {
        var (success, root) = (false, ContainerRoot.PathOf(plan.Root));
        try
        {
            Limit(plan, spawner);
            var directory = $"/proc/self/task/{spawner}/ns/";
            using var mounts = OpenFile(directory + "mnt");
            LinuxException.Check(Libc.unshare(Libc.CLONE_FS), "unshare root directory");
            LinuxException.Check(Libc.setns(mounts, Libc.CLONE_NEWNS), "enter the container's mount namespace");
            MountProc(Path.Combine(root, "proc"), directory + "pid_for_children");
            Protect(plan.Root, root);
            PivotTo(root);
            success = true;
        }
        finally
        {
            gate.Release(success);
        }
    }

    /// <summary>The child is not known yet to the spawner, which waits for its execve; but it is the thread's only child.</summary>
    private static void Limit(ContainerPlan plan, int spawner)
    {
        if (plan.Cgroup is null && plan.OomScoreAdjustment is null)
        {
            return;
        }

        var children = $"/proc/self/task/{spawner}/children";
        var child = int.Parse(File.ReadAllText(children).Trim(), System.Globalization.CultureInfo.InvariantCulture);
        plan.Cgroup?.Add(child);
        if (plan.OomScoreAdjustment is { } score)
        {
            File.WriteAllText($"/proc/{child}/oom_score_adj", score.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Hides what a container must not see, and makes read-only what it must not change.</summary>
    private static void Protect(ContainerRootPlan plan, string root)
    {
        const ulong readOnly = Libc.MS_BIND | Libc.MS_REMOUNT | Libc.MS_RDONLY | Libc.MS_NOSUID | Libc.MS_NODEV | Libc.MS_NOEXEC;
        foreach (var path in plan.ReadOnlyPaths.Select(path => root + path).Where(Path.Exists))
        {
            LinuxException.Check(Libc.mount(path, path, null, Libc.MS_BIND | Libc.MS_REC, null), $"mount {path}");
            LinuxException.Check(Libc.mount(null, path, null, readOnly, null), $"make {path} read-only");
        }

        foreach (var path in plan.MaskedPaths.Select(path => root + path).Where(Path.Exists))
        {
            if (Directory.Exists(path))
            {
                MountCall.Mount("tmpfs", path, "tmpfs", Libc.MS_RDONLY, "mode=0555");
            }
            else
            {
                LinuxException.Check(Libc.mount(root + "/dev/null", path, null, Libc.MS_BIND, null), $"hide {path}");
            }
        }

        if (plan.ReadOnly)
        {
            LinuxException.Check(Libc.mount(null, root, null, Libc.MS_BIND | Libc.MS_REMOUNT | Libc.MS_RDONLY, null), "make the root read-only");
        }
    }

    /// <summary>
    /// Linux 6.18 takes the PID namespace as a mount option; before it, only a process inside the namespace can mount its
    /// proc, so the machine's mount program is run there, as its second process.
    /// </summary>
    private static void MountProc(string target, string pidNamespace)
    {
        const ulong flags = Libc.MS_NOSUID | Libc.MS_NODEV | Libc.MS_NOEXEC;
        if (Libc.mount("proc", target, "proc", flags, "pidns=" + pidNamespace) == 0)
        {
            return;
        }

        var errno = Marshal.GetLastPInvokeError();
        if (errno != Errno.EINVAL)
        {
            throw new LinuxException($"mount proc on {target}", errno);
        }

        // On a thread of its own, which inherits this one's mount namespace: after joining a PID namespace a thread must do no more.
        NamespacedThread.Start("dp-proc", () => MountProcByProgram(target, pidNamespace)).Join();
    }

    internal static void MountProcByProgram(string target, string pidNamespace)
    {
        using var inside = OpenFile(pidNamespace);
        using var held = new Libc.HeldHandle(inside);
        using var request = new SpawnRequest();
        var program = Array.Find(MountPrograms, File.Exists) ?? MountPrograms[0];
        request.Program(program, ["mount", "-n", "-t", "proc", "-o", "nosuid,nodev,noexec", "proc", target], []);
        request.Streams(default);
        var errno = request.RunInPidNamespace(held.Value);
        if (errno != 0)
        {
            throw new LinuxException($"run {program}", Math.Abs(errno));
        }

        var status = ChildProcess.Reap(request.Pid);
        if (status.Code != 0)
        {
            throw new IOException($"mount proc on {target}: {program} exited with {status.Code}");
        }
    }

    /// <summary>
    /// Makes the container's root the root of its mount namespace and drops the machine's mounts from it. The root directory of
    /// every process of the namespace that had the old one follows: the waiting child's among them. Source: pivot_root(2), "." twice.
    /// </summary>
    private static void PivotTo(string root)
    {
        using var old = OpenFile("/", Libc.O_PATH);
        LinuxException.Check(Libc.chdir(root), $"chdir {root}");
        LinuxException.Check(Libc.pivot_root(".", "."), $"pivot_root {root}");
        LinuxException.Check(Libc.fchdir(old), "fchdir to the old root");
        LinuxException.Check(Libc.umount2(".", Libc.MNT_DETACH), "umount the old root");
    }

    private static SafeFileHandle OpenFile(string path, int flags = Libc.O_RDONLY)
    {
        var handle = Libc.open(path, flags | Libc.O_CLOEXEC, 0);
        return handle.IsInvalid ? throw new LinuxException($"open {path}", Marshal.GetLastPInvokeError()) : handle;
    }
}
