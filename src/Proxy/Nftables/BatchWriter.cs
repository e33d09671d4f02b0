using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Nftables.Rules;

namespace Dataplane.Proxy.Nftables;

/// <summary>A change of the ruleset as one netlink batch.</summary>
internal static class BatchWriter
{
    /// <summary>Order matters: an element is removed before its key is added again, and a chain exists before anything leads to it.</summary>
    internal static void Write(RulesetChange change, string tableName, NftBatch batch)
    {
        foreach (var tableChange in change.Tables)
        {
            var table = new NftTable(tableChange.Family, tableName);
            if (change.Creates)
            {
                batch.AddTable(table);
            }

            Write(tableChange, table, batch);
        }
    }

    private static void Write(TableChange change, NftTable table, NftBatch batch)
    {
        foreach (var (set, elements) in change.Removed)
        {
            foreach (var element in elements)
            {
                batch.DeleteElement(table, set, element);
            }
        }

        foreach (var set in change.Sets)
        {
            var key = set.Key.Select(kind => TypeOf(kind, change.Family)).ToList();
            if (set.Data is { } data)
            {
                batch.AddMap(new NftMap(table, set.Name, key, [.. data.Select(kind => TypeOf(kind, change.Family))]) { Flags = set.Flags, Size = set.Size });
            }
            else
            {
                batch.AddSet(new NftSet(table, set.Name, key) { Flags = set.Flags, Size = set.Size });
            }
        }

        var compiler = new StatementCompiler(change.Family);
        foreach (var chain in change.Chains)
        {
            batch.AddChain(table, chain.Name, chain.Base);
            foreach (var rule in chain.Rules)
            {
                batch.AddRule(table, chain.Name, compiler.Compile(rule));
            }
        }

        foreach (var (set, elements) in change.Added)
        {
            foreach (var element in elements)
            {
                batch.AddElement(table, set, element);
            }
        }
    }

    private static NftType TypeOf(ValueKind kind, NftFamily family) => kind switch
    {
        ValueKind.Address => family == NftFamily.Ip ? NftType.Ipv4Address : NftType.Ipv6Address,
        ValueKind.Protocol => NftType.InetProtocol,
        ValueKind.Port => NftType.InetService,
        ValueKind.Slot => NftType.Mark,
        ValueKind.Id => NftType.ClassId,
        _ => NftType.Verdict,
    };
}
