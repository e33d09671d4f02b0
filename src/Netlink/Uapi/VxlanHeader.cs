namespace Dataplane.Netlink.Uapi;

/// <summary>linux/if_link.h: attributes of a VXLAN device.</summary>
[KernelHeader("linux/if_link.h")]
internal static class VxlanHeader
{
    internal const int IFLA_VXLAN_ID = 1;
    internal const int IFLA_VXLAN_LINK = 3;
    internal const int IFLA_VXLAN_LOCAL = 4;
    internal const int IFLA_VXLAN_LEARNING = 7;
    internal const int IFLA_VXLAN_PORT = 15;
}
