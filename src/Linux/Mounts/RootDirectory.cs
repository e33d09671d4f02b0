using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;
using Dataplane.Linux.Processes;

namespace Dataplane.Linux.Mounts;

/// <summary>Work below a directory as if it were the root, so that links found there lead nowhere else.</summary>
public static class RootDirectory
{
    /// <summary>Runs a body on a thread of its own whose root directory is another one. It must not await.</summary>
    /// <exception cref="LinuxException">ENOENT, or EPERM without CAP_SYS_CHROOT.</exception>
    public static void Run(string root, Action body) => NamespacedThread.Start("dp-root", () =>
    {
        LinuxException.Check(Libc.unshare(Libc.CLONE_FS), "unshare root directory");
        LinuxException.Check(Libc.chroot(root), $"chroot {root}");
        LinuxException.Check(Libc.chdir("/"), "chdir /");
        body();
    }).Join();

    /// <summary>Sets owner and group of a file or of a link itself; -1 leaves one as it is.</summary>
    public static void SetOwner(string path, int owner, int group) =>
        LinuxException.Check(Libc.lchown(path, (uint)owner, (uint)group), $"lchown {path}");

    /// <summary>Makes a named pipe.</summary>
    /// <param name="mode">Permission bits.</param>
    public static void MakePipe(string path, int mode) => LinuxException.Check(Libc.mkfifo(path, (uint)mode), $"mkfifo {path}");

    /// <summary>Makes a further name for a file.</summary>
    public static void MakeHardLink(string existing, string path) => LinuxException.Check(Libc.link(existing, path), $"link {path}");
}
