namespace Dataplane.Netlink.Uapi;

/// <summary>linux/if_link.h: attributes of a network device.</summary>
[KernelHeader("linux/if_link.h")]
internal static class IfLinkHeader
{
    internal const int IFLA_ADDRESS = 1;
    internal const int IFLA_IFNAME = 3;
    internal const int IFLA_MTU = 4;
    internal const int IFLA_MASTER = 10;
    internal const int IFLA_PROTINFO = 12;
    internal const int IFLA_LINKINFO = 18;
    internal const int IFLA_NET_NS_FD = 28;
    internal const int IFLA_EXT_MASK = 29;

    internal const int IFLA_INFO_KIND = 1;
    internal const int IFLA_INFO_DATA = 2;
    internal const int IFLA_INFO_SLAVE_KIND = 4;
    internal const int IFLA_INFO_SLAVE_DATA = 5;

    internal const int IFLA_BRPORT_MODE = 4;
}
