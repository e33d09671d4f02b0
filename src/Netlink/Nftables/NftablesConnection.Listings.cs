using Dataplane.Netlink.Codec;
using static Dataplane.Linux.Errno;
using static Dataplane.Netlink.Uapi.NetlinkHeader;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables;

public sealed partial class NftablesConnection
{
    /// <summary>Tables of one family, or of all.</summary>
    public IReadOnlyList<NftTableInfo> Tables(NftFamily family = NftFamily.Unspecified) =>
        Dump(NFT_MSG_GETTABLE, family, NftListings.ParseTable, "list tables");

    /// <returns>Null when there is none.</returns>
    public NftTableInfo? FindTable(NftTable table)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        Write(ref writer, NFT_MSG_GETTABLE, NLM_F_ACK, table.Family, [(NFTA_TABLE_NAME, table.Name)]);
        return _connection.Find(writer.Message(), ENOENT, NftListings.ParseTable, "find table", table.Name);
    }

    /// <summary>Chains of a table; none when there is no such table.</summary>
    public IReadOnlyList<NftChainInfo> Chains(NftTable table)
    {
        // The kernel lists the chains of all tables of a family.
        var chains = Dump(NFT_MSG_GETCHAIN, table.Family, NftListings.ParseChain, $"list chains of {table}");
        chains.RemoveAll(chain => chain.Table != table);
        return chains;
    }

    /// <summary>Chains of all tables of a family.</summary>
    public IReadOnlyList<NftChainInfo> Chains(NftFamily family) => Dump(NFT_MSG_GETCHAIN, family, NftListings.ParseChain, $"list {family} chains");

    /// <summary>Sets and maps of a table, without their elements.</summary>
    /// <exception cref="NetlinkException">ENOENT when there is no such table.</exception>
    public IReadOnlyList<NftSetInfo> Sets(NftTable table) =>
        Dump(NFT_MSG_GETSET, table.Family, NftListings.ParseSet, $"list sets of {table}", (NFTA_SET_TABLE, table.Name));

    /// <summary>Elements of a set or map.</summary>
    /// <exception cref="NetlinkException">ENOENT when there is no such table or set.</exception>
    public IReadOnlyList<NftElement> Elements(NftTable table, string set)
    {
        var messages = Dump(
            NFT_MSG_GETSETELEM,
            table.Family,
            NftListings.ParseElements,
            $"list elements of {table} {set}",
            (NFTA_SET_ELEM_LIST_TABLE, table.Name),
            (NFTA_SET_ELEM_LIST_SET, set));
        return messages.Count == 1 ? messages[0] : [.. messages.SelectMany(elements => elements)];
    }

    /// <summary>How many elements a set or map has, without making them objects.</summary>
    /// <exception cref="NetlinkException">ENOENT when there is no such table or set.</exception>
    public int CountElements(NftTable table, string set)
    {
        var count = 0;
        Dump<object>(
            NFT_MSG_GETSETELEM,
            table.Family,
            message =>
            {
                count += NftListings.CountElements(message);
                return null;
            },
            $"count elements of {table} {set}",
            (NFTA_SET_ELEM_LIST_TABLE, table.Name),
            (NFTA_SET_ELEM_LIST_SET, set));
        return count;
    }

    /// <summary>Elements of a set whose elements count.</summary>
    /// <exception cref="NetlinkException">ENOENT when there is no such table or set.</exception>
    public IReadOnlyList<NftCount> Counts(NftTable table, string set) =>
    [
        .. Dump(
            NFT_MSG_GETSETELEM,
            table.Family,
            NftListings.ParseCounts,
            $"list counters of {table} {set}",
            (NFTA_SET_ELEM_LIST_TABLE, table.Name),
            (NFTA_SET_ELEM_LIST_SET, set)).SelectMany(counts => counts),
    ];

    /// <summary>Rules of a table or of one chain in their order; none when there is no such table.</summary>
    public IReadOnlyList<NftRuleInfo> Rules(NftTable table, string? chain = null) => chain is null
        ? Dump(NFT_MSG_GETRULE, table.Family, NftListings.ParseRule, $"list rules of {table}", (NFTA_RULE_TABLE, table.Name))
        : Dump(
            NFT_MSG_GETRULE,
            table.Family,
            NftListings.ParseRule,
            $"list rules of {table} {chain}",
            (NFTA_RULE_TABLE, table.Name),
            (NFTA_RULE_CHAIN, chain));

    /// <summary>
    /// The fingerprint (<see cref="NftFingerprint"/>) of a chain that is there. Chain by chain even for all of a table: a listing of a large table's rules
    /// begins at its first rule with every 32 KiB (net/netfilter/nf_tables_api.c, nf_tables_dump_rules), which takes minutes for some 100,000.
    /// </summary>
    public ulong Fingerprint(NftTable table, string chain)
    {
        var rules = Dump(
            NFT_MSG_GETRULE, table.Family, NftListings.ParseFingerprint, $"list rules of {table} {chain}", (NFTA_RULE_TABLE, table.Name), (NFTA_RULE_CHAIN, chain));
        return rules.Aggregate(NftFingerprint.Empty, (all, rule) => NftFingerprint.Then(all, rule.Value));
    }
}
