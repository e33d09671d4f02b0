namespace Dataplane.Netlink.Uapi;

/// <summary>sys/socket.h: address families as netlink families number them.</summary>
[KernelHeader("sys/socket.h")]
internal static class SocketHeader
{
    internal const int AF_UNSPEC = 0;
    internal const int AF_INET = 2;
    internal const int AF_BRIDGE = 7;
    internal const int AF_INET6 = 10;
}
