using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;
using Dataplane.Linux.Mounts;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Processes;

/// <summary>What is done for a container between the birth of its PID 1 and the execution of its program.</summary>
internal static class RootCompanion
{
    private static readonly string[] MountPrograms = ["/usr/bin/mount", "/bin/mount"];

    /// <param name="root">The built root, in the spawner's mount namespace.</param>
    /// <param name="spawner">Thread ID of the spawner, which waits in vfork.</param>
    internal static void Finish(SpawnGate gate, string root, int spawner)
    {
        var success = false;
        try
        {
            var directory = $"/proc/self/task/{spawner}/ns/";
            using var mounts = OpenFile(directory + "mnt");
            LinuxException.Check(Libc.unshare(Libc.CLONE_FS), "unshare root directory");
            LinuxException.Check(Libc.setns(mounts, Libc.CLONE_NEWNS), "enter the container's mount namespace");
            MountProc(Path.Combine(root, "proc"), directory + "pid_for_children");
            PivotTo(root);
            success = true;
        }
        finally
        {
            gate.Release(success);
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
