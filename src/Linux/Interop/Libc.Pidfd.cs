using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Interop;

/// <summary>linux/pidfd.h. The header is newer than many distributions', so its values are not checked against it.</summary>
internal static partial class Libc
{
    private const long SYS_pidfd_getfd = 438;

    /// <summary>A copy of another process's descriptor, which shares its open file.</summary>
    internal static SafeFileHandle pidfd_getfd(SafeHandle process, int descriptor)
    {
        using var held = new HeldHandle(process);
        return new SafeFileHandle((nint)syscall(SYS_pidfd_getfd, held.Value, descriptor, 0, 0, 0), ownsHandle: true);
    }

    /// <summary>
    /// What is known of a process, also of one that has ended and was reaped by somebody else (Linux 6.15).
    /// </summary>
    internal static unsafe int pidfd_get_info(SafeHandle process, ref pidfd_info info)
    {
        fixed (pidfd_info* pointer = &info)
        {
            return pidfd_ioctl(process, pidfd_info.Request, pointer);
        }
    }

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    private static unsafe partial int pidfd_ioctl(SafeHandle process, nuint request, pidfd_info* info);

    /// <summary>struct pidfd_info in its first form.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    internal struct pidfd_info
    {
        /// <summary>_IOWR(PIDFS_IOCTL_MAGIC, 11, struct pidfd_info).</summary>
        internal static readonly nuint Request = 0xC040FF0B;

        /// <summary>PIDFD_INFO_EXIT.</summary>
        internal static readonly ulong Exit = 1 << 3;

        [FieldOffset(0)]
        internal ulong mask;

        /// <summary>As wait(2) gives it: the signal, or the code in the second byte.</summary>
        [FieldOffset(60)]
        internal int exit_code;
    }
}
