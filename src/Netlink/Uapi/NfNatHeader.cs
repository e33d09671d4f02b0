namespace Dataplane.Netlink.Uapi;

/// <summary>linux/netfilter/nf_nat.h.</summary>
[KernelHeader("linux/netfilter/nf_nat.h")]
internal static class NfNatHeader
{
    internal const int NF_NAT_RANGE_MAP_IPS = 1;
    internal const int NF_NAT_RANGE_PROTO_SPECIFIED = 2;
    internal const int NF_NAT_RANGE_PROTO_RANDOM = 4;
    internal const int NF_NAT_RANGE_PERSISTENT = 8;
    internal const int NF_NAT_RANGE_PROTO_RANDOM_FULLY = 16;
}
