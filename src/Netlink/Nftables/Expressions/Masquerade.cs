using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// Translates the source to the outgoing device's address. Ends the rule.
/// <code>
/// masq
///   NFTA_MASQ_FLAGS  NF_NAT_RANGE_*
/// </code>
/// </summary>
/// <param name="Flags">How a port is chosen.</param>
public sealed record Masquerade(NatFlags Flags = NatFlags.None) : NftExpression
{
    internal override string Name => "masq";

    internal override void WriteData(ref NetlinkWriter writer)
    {
        if (Flags != NatFlags.None)
        {
            writer.U32BigEndian(NFTA_MASQ_FLAGS, (uint)Flags);
        }
    }
}
