using System.Runtime.InteropServices;

namespace Dataplane.Linux.Interop;

/// <summary>Internet sockets: sys/socket.h, netinet/in.h, netinet/tcp.h, netinet/icmp6.h, linux/icmp.h, linux/netfilter_ipv4.h.</summary>
internal static partial class Libc
{
    internal const int SOMAXCONN = 4096;
    internal const int SHUT_WR = 1;
    internal const int MSG_MORE = 0x8000;

    internal const int SOL_SOCKET = 1;
    internal const int SO_REUSEADDR = 2;
    internal const int SO_ERROR = 4;
    internal const int SO_RCVBUF = 8;
    internal const int SO_KEEPALIVE = 9;
    internal const int SO_LINGER = 13;
    internal const int SO_REUSEPORT = 15;
    internal const int SO_MARK = 36;

    internal const int SOL_IP = 0;
    internal const int IP_PKTINFO = 8;
    internal const int IP_TRANSPARENT = 19;
    internal const int IP_BIND_ADDRESS_NO_PORT = 24;
    internal const int SO_ORIGINAL_DST = 80;

    internal const int SOL_IPV6 = 41;
    internal const int IPV6_V6ONLY = 26;
    internal const int IPV6_RECVPKTINFO = 49;
    internal const int IPV6_PKTINFO = 50;
    internal const int IPV6_TRANSPARENT = 75;
    internal const int IP6T_SO_ORIGINAL_DST = 80;

    internal const int IPPROTO_ICMP = 1;
    internal const int IPPROTO_ICMPV6 = 58;
    internal const int SOL_RAW = 255;
    internal const int ICMP_FILTER = 1;
    internal const int ICMP_DEST_UNREACH = 3;
    internal const int ICMP_PORT_UNREACH = 3;
    internal const int ICMP6_FILTER = 1;
    internal const int ICMP6_DST_UNREACH = 1;
    internal const int ICMP6_DST_UNREACH_NOPORT = 4;

    internal const int SOL_TCP = 6;
    internal const int TCP_NODELAY = 1;
    internal const int TCP_QUICKACK = 12;
    internal const int TCP_KEEPIDLE = 4;
    internal const int TCP_KEEPINTVL = 5;
    internal const int TCP_KEEPCNT = 6;

    /// <summary>The caller owns the returned descriptor and puts it into a SafeHandle at once.</summary>
    [LibraryImport(Library, EntryPoint = "socket", SetLastError = true)]
    internal static partial int OpenInetSocket(int domain, int type, int protocol);

    /// <inheritdoc cref="OpenInetSocket"/>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int accept4(SafeHandle listener, ref byte address, ref int addressLength, int flags);

    [LibraryImport(Library, EntryPoint = "bind", SetLastError = true)]
    internal static partial int BindInet(SafeHandle socket, in byte address, int addressLength);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int listen(SafeHandle socket, int backlog);

    [LibraryImport(Library, EntryPoint = "connect", SetLastError = true)]
    internal static partial int ConnectInet(SafeHandle socket, in byte address, int addressLength);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int shutdown(SafeHandle socket, int how);

    [LibraryImport(Library, EntryPoint = "getsockname", SetLastError = true)]
    internal static partial int GetInetSocketName(SafeHandle socket, ref byte address, ref int addressLength);

    [LibraryImport(Library, EntryPoint = "getsockopt", SetLastError = true)]
    internal static partial int GetSocketOption(SafeHandle socket, int level, int name, ref byte value, ref int length);

    [LibraryImport(Library, EntryPoint = "setsockopt", SetLastError = true)]
    internal static partial int SetSocketOption(SafeHandle socket, int level, int name, in byte value, int length);

    [LibraryImport(Library, EntryPoint = "recv", SetLastError = true)]
    internal static partial nint ReceiveInet(SafeHandle socket, ref byte buffer, nuint length, int flags);

    [LibraryImport(Library, EntryPoint = "send", SetLastError = true)]
    internal static partial nint SendInet(SafeHandle socket, in byte buffer, nuint length, int flags);

    /// <param name="header">struct msghdr.</param>
    [LibraryImport(Library, EntryPoint = "recvmsg", SetLastError = true)]
    internal static unsafe partial nint ReceiveInetMessage(SafeHandle socket, MessageHeader* header, int flags);

    /// <inheritdoc cref="ReceiveInetMessage"/>
    [LibraryImport(Library, EntryPoint = "sendmsg", SetLastError = true)]
    internal static unsafe partial nint SendInetMessage(SafeHandle socket, MessageHeader* header, int flags);

    /// <summary>struct msghdr with glibc's field widths on a 64-bit machine.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct MessageHeader
    {
        internal void* Name;
        internal int NameLength;
        internal IoVector* Vectors;
        internal nuint VectorCount;
        internal void* Control;
        internal nuint ControlLength;
        internal int Flags;
    }

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct IoVector
    {
        internal void* Base;
        internal nuint Length;
    }
}
