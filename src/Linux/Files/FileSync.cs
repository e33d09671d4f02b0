using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Files;

/// <summary>Waiting until what was written is on the disk.</summary>
public static class FileSync
{
    /// <summary>A file's data, and its size where it grew; not its times: fdatasync(2).</summary>
    public static void Data(SafeFileHandle file) => LinuxException.Check(Libc.fdatasync(file), "fdatasync");

    /// <summary>What files a directory has: without it a renamed file may have its old name after a power failure.</summary>
    public static void Directory(string path)
    {
        using var directory = Libc.open(path, Libc.O_RDONLY | Libc.O_CLOEXEC, 0);
        if (directory.IsInvalid)
        {
            throw new LinuxException($"open {path}", Marshal.GetLastPInvokeError());
        }

        LinuxException.Check(Libc.fsync(directory), $"fsync {path}");
    }
}
