using static Dataplane.Netlink.Uapi.NetfilterHeader;
using static Dataplane.Netlink.Uapi.NetfilterIpv4Header;

namespace Dataplane.Netlink.Nftables;

/// <summary>What makes a chain see packets by itself.</summary>
/// <param name="Type"><c>filter</c>, <c>nat</c> (the first packet of a connection only) or <c>route</c>.</param>
/// <param name="Hook">Where on the packet's way.</param>
/// <param name="Priority">Order within the hook, lower first; see <see cref="NftPriority"/>.</param>
/// <param name="DropByDefault">Policy drop in place of accept.</param>
public sealed record NftBaseChain(string Type, NftHook Hook, int Priority, bool DropByDefault = false)
{
    /// <summary>A filter chain.</summary>
    public static NftBaseChain Filter(NftHook hook, int priority = NftPriority.Filter) => new("filter", hook, priority);

    /// <summary>A chain at the output hook that has a packet's route looked up again when it changed the mark.</summary>
    public static NftBaseChain Route(int priority) => new("route", NftHook.Output, priority);

    /// <summary>A NAT chain: destination NAT before routing, source NAT after.</summary>
    public static NftBaseChain Nat(NftHook hook) => new(
        "nat", hook, hook is NftHook.Postrouting or NftHook.Input ? NftPriority.SourceNat : NftPriority.DestinationNat);
}

/// <summary>enum nf_inet_hooks.</summary>
public enum NftHook
{
    /// <summary>Arrived, not routed.</summary>
    Prerouting = NF_INET_PRE_ROUTING,

    /// <summary>For this machine.</summary>
    Input = NF_INET_LOCAL_IN,

    /// <summary>For another machine.</summary>
    Forward = NF_INET_FORWARD,

    /// <summary>From this machine.</summary>
    Output = NF_INET_LOCAL_OUT,

    /// <summary>About to leave.</summary>
    Postrouting = NF_INET_POST_ROUTING,
}

/// <summary>enum nf_ip_hook_priorities, the same for IPv6.</summary>
public static class NftPriority
{
    /// <summary>Before connection tracking.</summary>
    public const int Raw = NF_IP_PRI_RAW;

    /// <summary>nft calls it mangle.</summary>
    public const int Mangle = NF_IP_PRI_MANGLE;

    /// <summary>nft calls it dstnat.</summary>
    public const int DestinationNat = NF_IP_PRI_NAT_DST;

    /// <summary>nft calls it filter.</summary>
    public const int Filter = NF_IP_PRI_FILTER;

    /// <summary>nft calls it srcnat.</summary>
    public const int SourceNat = NF_IP_PRI_NAT_SRC;
}

/// <summary>A chain as the kernel lists it.</summary>
/// <param name="Table">Its table.</param>
/// <param name="Name">Unique within the table.</param>
/// <param name="Handle">Unique within the table for ever.</param>
/// <param name="Base">Null for a chain that is only jumped to.</param>
/// <param name="Use">How many rules it has and how many jump to it, together.</param>
public sealed record NftChainInfo(NftTable Table, string Name, ulong Handle, NftBaseChain? Base, uint Use);
