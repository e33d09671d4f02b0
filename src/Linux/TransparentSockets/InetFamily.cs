namespace Dataplane.Linux.TransparentSockets;

/// <summary>Address families and socket types. Source: bits/socket.h, bits/socket_type.h.</summary>
internal static class InetFamily
{
    internal const int AF_INET = 2;
    internal const int AF_INET6 = 10;
    internal const int SOCK_STREAM = 1;
    internal const int SOCK_DGRAM = 2;

    /// <summary>SOCK_CLOEXEC | SOCK_NONBLOCK.</summary>
    internal const int Flags = 0x80000 | 0x800;

    internal static int Of(bool ipv6) => ipv6 ? AF_INET6 : AF_INET;
}
