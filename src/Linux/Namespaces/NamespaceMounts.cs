using Dataplane.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Namespaces;

/// <summary>The files under /run/netns that keep a namespace alive without a process.</summary>
internal static class NamespaceMounts
{
    internal static void EnsureDirectory(string directory) => System.IO.Directory.CreateDirectory(directory);

    internal static void CreateMountPoint(string path)
    {
        if (File.Exists(path))
        {
            throw new LinuxException($"create {path}", Errno.EEXIST);
        }

        File.WriteAllBytes(path, []);
    }

    internal static SafeFileHandle OpenNamespaceFile(string path)
    {
        var handle = Libc.open(path, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (handle.IsInvalid)
        {
            var errno = System.Runtime.InteropServices.Marshal.GetLastPInvokeError();
            handle.Dispose();
            throw new LinuxException($"open {path}", errno);
        }

        return handle;
    }

    /// <summary>Idempotent: a file that is no mount point (a run killed half-way) is removed as well.</summary>
    internal static void Remove(string path)
    {
        if (Libc.umount2(path, Libc.MNT_DETACH) < 0)
        {
            var errno = System.Runtime.InteropServices.Marshal.GetLastPInvokeError();
            if (errno is not (Errno.EINVAL or Errno.ENOENT))
            {
                throw new LinuxException($"umount {path}", errno);
            }
        }

        File.Delete(path);
    }
}
