using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NetlinkHeader;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// One step of a rule. Steps run in order; one that does not match ends the rule.
/// <code>
/// NFTA_LIST_ELEM | NESTED
///   NFTA_EXPR_NAME           string
///   NFTA_EXPR_DATA | NESTED  the expression's own attributes, integers big-endian
/// </code>
/// </summary>
public abstract record NftExpression
{
    /// <summary>The kernel's name of the expression.</summary>
    internal abstract string Name { get; }

    /// <summary>Writes what stands inside NFTA_EXPR_DATA.</summary>
    internal abstract void WriteData(ref NetlinkWriter writer);

    internal void Write(ref NetlinkWriter writer)
    {
        var element = writer.BeginNested(NFTA_LIST_ELEM | NLA_F_NESTED);
        WriteBody(ref writer);
        writer.EndNested(element);
    }

    /// <summary>Name and data alone, for an expression that is no member of a list.</summary>
    internal void WriteBody(ref NetlinkWriter writer)
    {
        writer.String(NFTA_EXPR_NAME, Name);
        var data = writer.BeginNested(NFTA_EXPR_DATA | NLA_F_NESTED);
        WriteData(ref writer);
        writer.EndNested(data);
    }
}
