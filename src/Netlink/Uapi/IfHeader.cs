namespace Dataplane.Netlink.Uapi;

/// <summary>linux/if.h.</summary>
[KernelHeader("linux/if.h")]
internal static class IfHeader
{
    internal const int IFF_UP = 1;
    internal const int IFNAMSIZ = 16;
}
