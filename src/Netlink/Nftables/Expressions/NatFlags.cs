using static Dataplane.Netlink.Uapi.NfNatHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>NF_NAT_RANGE_* of linux/netfilter/nf_nat.h, as far as they are a choice.</summary>
[Flags]
public enum NatFlags : uint
{
    /// <summary>Keep the port if it is free.</summary>
    None = 0,

    /// <summary>random: a port from a hash.</summary>
    Random = NF_NAT_RANGE_PROTO_RANDOM,

    /// <summary>persistent: the same client gets the same address.</summary>
    Persistent = NF_NAT_RANGE_PERSISTENT,

    /// <summary>fully-random: a port from the random generator.</summary>
    FullyRandom = NF_NAT_RANGE_PROTO_RANDOM_FULLY,
}
