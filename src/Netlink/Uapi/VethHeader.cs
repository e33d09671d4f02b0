namespace Dataplane.Netlink.Uapi;

/// <summary>linux/veth.h.</summary>
[KernelHeader("linux/veth.h")]
internal static class VethHeader
{
    internal const int VETH_INFO_PEER = 1;
}
