using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// Loads a constant.
/// <code>
/// immediate
///   NFTA_IMMEDIATE_DREG  register
///   NFTA_IMMEDIATE_DATA  { NFTA_DATA_VALUE }
/// </code>
/// </summary>
/// <param name="Destination">Where to.</param>
/// <param name="Value">The constant.</param>
public sealed record Immediate(NftRegister Destination, NftValue Value) : NftExpression
{
    internal override string Name => "immediate";

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.U32BigEndian(NFTA_IMMEDIATE_DREG, (uint)Destination);
        Value.Write(ref writer, NFTA_IMMEDIATE_DATA);
    }
}
