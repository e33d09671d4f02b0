using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Interop;

/// <summary>sys/socket.h, asm-generic/socket.h.</summary>
internal static partial class Libc
{
    internal const int AF_NETLINK = 16;

    internal const int SOCK_RAW = 3;
    internal const int SOCK_CLOEXEC = 0x80000;

    internal const int SO_RCVTIMEO = 20;
    internal const int SO_ATTACH_FILTER = 26;
    internal const int SO_SNDBUFFORCE = 32;
    internal const int SO_RCVBUFFORCE = 33;

    internal const int MSG_TRUNC = 0x20;
    internal const int MSG_DONTWAIT = 0x40;

    [LibraryImport(Library, SetLastError = true)]
    internal static partial SafeFileHandle socket(int domain, int type, int protocol);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int bind(SafeHandle fd, in sockaddr_nl address, int length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int getsockname(SafeHandle fd, ref sockaddr_nl address, ref int length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int setsockopt(SafeHandle fd, int level, int option, in int value, int length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int setsockopt(SafeHandle fd, int level, int option, in __kernel_sock_timeval value, int length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int setsockopt(SafeHandle fd, int level, int option, in sock_fprog value, int length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint sendto(SafeHandle fd, ReadOnlySpan<byte> buffer, nint length, int flags, in sockaddr_nl address, int addressLength);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint recvfrom(SafeHandle fd, Span<byte> buffer, nint length, int flags, ref sockaddr_nl address, ref int addressLength);

    /// <summary>linux/filter.h; 8 bytes. An instruction of classic BPF.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal readonly record struct sock_filter(ushort code, byte jt, byte jf, uint k);

    /// <summary>linux/filter.h; 16 bytes on a 64-bit machine.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct sock_fprog
    {
        internal ushort len;
        internal nint filter;

        internal const int Size = 16;
    }

    /// <summary>linux/netlink.h; 12 bytes. nl_pid 0 is the kernel.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct sockaddr_nl
    {
        internal ushort nl_family;
        internal ushort nl_pad;
        internal uint nl_pid;
        internal uint nl_groups;

        internal const int Size = 12;
    }

    /// <summary>linux/time_types.h; 16 bytes. What SO_RCVTIMEO takes on a 64-bit machine.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct __kernel_sock_timeval
    {
        internal long tv_sec;
        internal long tv_usec;

        internal const int Size = 16;
    }
}
