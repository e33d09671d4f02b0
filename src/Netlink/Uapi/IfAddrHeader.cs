namespace Dataplane.Netlink.Uapi;

/// <summary>linux/if_addr.h.</summary>
[KernelHeader("linux/if_addr.h")]
internal static class IfAddrHeader
{
    internal const int IFA_ADDRESS = 1;
    internal const int IFA_LOCAL = 2;
    internal const int IFA_F_NODAD = 2;
}
