using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// Translates the destination to this machine (in prerouting: the incoming device's address). Ends the rule.
/// <code>
/// redir
///   NFTA_REDIR_REG_PROTO_MIN  register
///   NFTA_REDIR_FLAGS          NF_NAT_RANGE_*
/// </code>
/// </summary>
/// <param name="Port">Where the new port is (2 bytes, network order); null keeps it.</param>
/// <param name="Flags">How a port is chosen.</param>
public sealed record Redirect(NftRegister? Port = null, NatFlags Flags = NatFlags.None) : NftExpression
{
    internal override string Name => "redir";

    internal override void WriteData(ref NetlinkWriter writer)
    {
        if (Port is { } port)
        {
            writer.U32BigEndian(NFTA_REDIR_REG_PROTO_MIN, (uint)port);
        }

        if (Flags != NatFlags.None)
        {
            writer.U32BigEndian(NFTA_REDIR_FLAGS, (uint)Flags);
        }
    }
}
