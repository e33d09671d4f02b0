using Dataplane.Netlink.Codec;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>Counts packets and bytes that come this far, from 0.</summary>
public sealed record Counter : NftExpression
{
    internal override string Name => "counter";

    /// <summary>Nothing: NFTA_COUNTER_BYTES and NFTA_COUNTER_PACKETS would restore earlier counts.</summary>
    internal override void WriteData(ref NetlinkWriter writer)
    {
    }
}
