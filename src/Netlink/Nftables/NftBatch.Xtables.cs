using Dataplane.Netlink.Nftables.Expressions;
using static Dataplane.Netlink.Uapi.NetlinkHeader;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables;

public sealed partial class NftBatch
{
    /// <summary>How many rules ask for a report.</summary>
    internal int ReportedRules { get; private set; }

    /// <summary>Makes a chain with a hook where there is none: one that exists keeps its policy, and the batch fails with EEXIST.</summary>
    public void CreateBaseChain(NftTable table, string name, NftBaseChain hook) => AddChain(table, name, hook, NLM_F_CREATE | NLM_F_EXCL);

    /// <summary>
    /// Adds a rule with extensions of x_tables, as iptables-nft does: they learn the rule's protocol from an attribute of its own,
    /// <c>NFTA_RULE_COMPAT { NFTA_RULE_COMPAT_PROTO, NFTA_RULE_COMPAT_FLAGS }</c>.
    /// </summary>
    /// <param name="table">Its table.</param>
    /// <param name="chain">Its chain.</param>
    /// <param name="protocol">IP protocol the rule is about; 0 for any.</param>
    /// <param name="place">Where in the chain.</param>
    /// <param name="report">Have <see cref="NftablesConnection.CommitReporting"/> tell its handle.</param>
    /// <param name="expressions">Its steps in order.</param>
    public void AddXtRule(NftTable table, string chain, byte protocol, NftRulePlace place, bool report, params ReadOnlySpan<NftExpression> expressions)
    {
        Begin("add rule to", table, chain);
        ReportedRules += report ? 1 : 0;
        var flags = NLM_F_CREATE | (place.IsAppend ? NLM_F_APPEND : 0) | (report ? NLM_F_ECHO : 0);
        do
        {
            var writer = Open(NFT_MSG_NEWRULE, flags, table);
            writer.String(NFTA_RULE_TABLE, table.Name);
            writer.String(NFTA_RULE_CHAIN, chain);
            var nested = writer.BeginNested(NFTA_RULE_EXPRESSIONS | NLA_F_NESTED);
            foreach (var expression in expressions)
            {
                expression.Write(ref writer);
            }

            writer.EndNested(nested);
            var compat = writer.BeginNested(NFTA_RULE_COMPAT | NLA_F_NESTED);
            writer.U32BigEndian(NFTA_RULE_COMPAT_PROTO, protocol);
            writer.U32BigEndian(NFTA_RULE_COMPAT_FLAGS, 0);
            writer.EndNested(compat);
            if (place.Handle != 0)
            {
                writer.U64BigEndian(NFTA_RULE_POSITION, place.Handle);
            }

            Close(ref writer);
        }
        while (!Written);
    }
}
