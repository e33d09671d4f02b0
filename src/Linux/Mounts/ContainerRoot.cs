using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Mounts;

/// <summary>
/// Builds a root filesystem on a dedicated thread that has its own mount namespace and its own root directory (CLONE_FS).
/// Targets are mounted from inside a chroot, so that a link in the image can lead nowhere but into the image; sources are
/// opened before it.
/// </summary>
internal static class ContainerRoot
{
    /// <summary>The merged root below <see cref="ContainerRootPlan.Scratch"/>.</summary>
    internal static string PathOf(ContainerRootPlan plan) => Path.Combine(plan.Scratch, "root");

    /// <param name="inside">Runs with the new root as the root directory.</param>
    internal static void Build(ContainerRootPlan plan, Action inside)
    {
        MountOverlay(plan);
        var sources = new Dictionary<ContainerMount, BindSource>(ReferenceEqualityComparer.Instance);
        try
        {
            foreach (var mount in plan.Mounts)
            {
                if (mount is ContainerMount.Bind bind)
                {
                    sources.Add(bind, BindSource.Open(bind.Source));
                }
            }

            var machineDevices = plan.Privileged ? DeviceNode.OfThisMachine() : [];
            InRoot(PathOf(plan), () =>
            {
                KernelFileSystems(plan.Privileged);
                Devices();
                machineDevices.ForEach(device => device.Make());
                foreach (var mount in plan.Mounts)
                {
                    Apply(mount, sources);
                }

                inside();
            });
        }
        finally
        {
            foreach (var source in sources.Values)
            {
                source.Dispose();
            }
        }
    }

    /// <summary>Makes a terminal the container's console, from inside its root.</summary>
    internal static void MountConsole(Processes.Terminal terminal)
    {
        const string console = "/dev/console";
        File.WriteAllBytes(console, []);
        LinuxException.Check(Libc.mount(terminal.Path, console, null, Libc.MS_BIND, null), $"mount {terminal.Path} on {console}");
    }

    private static void MountOverlay(ContainerRootPlan plan)
    {
        MountCall.Mount("tmpfs", plan.Scratch, "tmpfs", Libc.MS_NOSUID, "mode=0755");
        var (upper, work, root) = (Path.Combine(plan.Scratch, "upper"), Path.Combine(plan.Scratch, "work"), PathOf(plan));
        Directory.CreateDirectory(upper);
        Directory.CreateDirectory(work);
        Directory.CreateDirectory(root);
        MountCall.Mount("overlay", root, "overlay", Libc.MS_NODEV, $"lowerdir={string.Join(':', plan.Layers.Select(Escape))},upperdir={Escape(upper)},workdir={Escape(work)}");
    }

    private static void InRoot(string root, Action body)
    {
        using var outside = DescriptorOf("/");
        LinuxException.Check(Libc.chroot(root), $"chroot {root}");
        try
        {
            LinuxException.Check(Libc.chdir("/"), "chdir /");
            body();
        }
        finally
        {
            LinuxException.Check(Libc.fchdir(outside), "fchdir to the machine's root");
            LinuxException.Check(Libc.chroot("."), "chroot to the machine's root");
        }
    }

    private static void KernelFileSystems(bool privileged)
    {
        // /proc itself follows once the PID namespace exists.
        Directory.CreateDirectory("/proc");
        Directory.CreateDirectory("/sys");
        MountCall.Mount("sysfs", "/sys", "sysfs", (privileged ? 0 : Libc.MS_RDONLY) | Libc.MS_NOSUID | Libc.MS_NODEV | Libc.MS_NOEXEC, null);
    }

    private static void Devices()
    {
        // Numbers: Documentation/admin-guide/devices.txt.
        ReadOnlySpan<(string Name, uint Major, uint Minor)> devices =
            [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];
        Directory.CreateDirectory("/dev");
        MountCall.Mount("tmpfs", "/dev", "tmpfs", Libc.MS_NOSUID, "mode=0755,size=64k");
        foreach (var (name, major, minor) in devices)
        {
            var path = "/dev/" + name;
            LinuxException.Check(Libc.mknod(path, Libc.S_IFCHR | 0x1B6, Libc.makedev(major, minor)), $"mknod {path}");
            LinuxException.Check(Libc.chmod(path, 0x1B6), $"chmod {path}");
        }

        File.CreateSymbolicLink("/dev/fd", "/proc/self/fd");
        File.CreateSymbolicLink("/dev/stdin", "/proc/self/fd/0");
        File.CreateSymbolicLink("/dev/stdout", "/proc/self/fd/1");
        File.CreateSymbolicLink("/dev/stderr", "/proc/self/fd/2");
        File.CreateSymbolicLink("/dev/ptmx", "pts/ptmx");
        Directory.CreateDirectory("/dev/pts");
        Directory.CreateDirectory("/dev/shm");
        MountCall.Mount("devpts", "/dev/pts", "devpts", Libc.MS_NOSUID | Libc.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5");
        MountCall.Mount("shm", "/dev/shm", "tmpfs", Libc.MS_NOSUID | Libc.MS_NODEV | Libc.MS_NOEXEC, "mode=1777,size=64m");
    }

    private static void Apply(ContainerMount mount, Dictionary<ContainerMount, BindSource> sources)
    {
        switch (mount)
        {
            case ContainerMount.Bind bind:
                var source = sources[bind];
                MakeTarget(bind.Target, source.IsDirectory);
                LinuxException.Check(Libc.move_mount(source.Tree, bind.Target), $"mount {bind.Source} on {bind.Target}");
                if (bind.ReadOnly)
                {
                    LinuxException.Check(
                        Libc.mount(null, bind.Target, null, Libc.MS_BIND | Libc.MS_REMOUNT | Libc.MS_RDONLY, null),
                        $"make {bind.Target} read-only");
                }

                break;
            case ContainerMount.Memory memory:
                var kept = memory.KeepDirectories ? DirectorySkeleton.Read(memory.Target) : [];
                Directory.CreateDirectory(memory.Target);
                MountCall.Mount("tmpfs", memory.Target, "tmpfs", Libc.MS_NOSUID | Libc.MS_NODEV, $"mode={memory.Mode}");
                DirectorySkeleton.Make(kept);
                break;
        }
    }

    private static void MakeTarget(string target, bool isDirectory)
    {
        if (isDirectory)
        {
            Directory.CreateDirectory(target);
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(target) ?? "/");

        // A link, as /etc/resolv.conf often is, points at a file that this root has not got.
        var file = new FileInfo(target);
        if (file.LinkTarget is not null)
        {
            file.Delete();
        }

        if (!File.Exists(target))
        {
            File.WriteAllBytes(target, []);
        }
    }

    private static SafeFileHandle DescriptorOf(string path)
    {
        var handle = Libc.open(path, Libc.O_PATH | Libc.O_CLOEXEC, 0);
        return handle.IsInvalid ? throw new LinuxException($"open {path}", Marshal.GetLastPInvokeError()) : handle;
    }

    /// <summary>A detached copy of a directory's or file's mount, taken while its path still means what the caller meant.</summary>
    private sealed record BindSource(SafeFileHandle Tree, bool IsDirectory) : IDisposable
    {
        internal static BindSource Open(string path)
        {
            var tree = Libc.open_tree(path, Libc.OPEN_TREE_CLONE | Libc.OPEN_TREE_CLOEXEC | Libc.AT_RECURSIVE);
            return tree.IsInvalid
                ? throw new LinuxException($"open {path}", Marshal.GetLastPInvokeError())
                : new BindSource(tree, Directory.Exists(path));
        }

        public void Dispose() => Tree.Dispose();
    }

    /// <summary>Characters that separate the layers and options of an overlay mount (fs/overlayfs/params.c).</summary>
    private static string Escape(string path) => path
        .Replace(@"\", @"\\", StringComparison.Ordinal)
        .Replace(":", @"\:", StringComparison.Ordinal)
        .Replace(",", @"\,", StringComparison.Ordinal);
}
