using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// Counts packets and bytes that come this far.
/// <code>
/// counter
///   NFTA_COUNTER_BYTES    u64
///   NFTA_COUNTER_PACKETS  u64
/// </code>
/// </summary>
public sealed record Counter : NftExpression
{
    internal override string Name => "counter";

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.U64BigEndian(NFTA_COUNTER_BYTES, 0);
        writer.U64BigEndian(NFTA_COUNTER_PACKETS, 0);
    }
}
