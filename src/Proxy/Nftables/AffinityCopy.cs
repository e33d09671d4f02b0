using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Nftables.Rendering;
using Dataplane.Proxy.Nftables.Rules;

namespace Dataplane.Proxy.Nftables;

/// <summary>
/// Takes the clients with session affinity along from the table that a new one replaces: endpoints keep the numbers they are remembered by. The
/// clients are there before the new table's first front end, so none is known otherwise already. Those whose endpoint went before are left behind,
/// because the new table may give that number again.
/// </summary>
internal sealed class AffinityCopy
{
    // Newest clients are not told from older ones, so beyond this which of them are taken is chance.
    private const int MostClients = 20_000;

    private readonly NftablesConnection _connection;
    private readonly Dictionary<NftFamily, Source> _sources = [];

    private AffinityCopy(NftablesConnection connection) => _connection = connection;

    /// <summary>Of several old tables the one that has most endpoints: others are incomplete.</summary>
    internal static AffinityCopy Of(NftablesConnection connection, IReadOnlyList<NftTable> old)
    {
        var copy = new AffinityCopy(connection);
        foreach (var table in old)
        {
            var source = new Source(table, new NumberSource(), []);
            foreach (var set in copy.SetsOf(table, sets => sets.AffineEndpoints))
            {
                foreach (var element in connection.Elements(table, set).Where(source.Numbers.TakeOver))
                {
                    source.Endpoints.Add(element.Key);
                }
            }

            if (source.Endpoints.Count > (copy._sources.TryGetValue(table.Family, out var other) ? other.Endpoints.Count : 0))
            {
                copy._sources[table.Family] = source;
            }
        }

        return copy;
    }

    /// <summary>What endpoints' numbers were, and those to come.</summary>
    internal NumberSource Numbers(NftFamily family) => _sources.TryGetValue(family, out var source) ? source.Numbers : new NumberSource();

    /// <returns>Whether there is anything to commit.</returns>
    internal bool Write(string table, NftBatch batch)
    {
        batch.Clear();
        foreach (var source in _sources.Values)
        {
            foreach (var set in SetsOf(source.Table, sets => sets.Affinity))
            {
                foreach (var element in _connection.Elements(source.Table, set).Where(source.IsOfUse).Take(MostClients))
                {
                    batch.AddElement(new NftTable(source.Table.Family, table), set, element with { Timeout = element.Expiration, Expiration = null });
                }
            }
        }

        return batch.Count > 0;
    }

    // Only maps: the tables of an earlier version remember endpoints, not numbers.
    private List<string> SetsOf(NftTable table, Func<EndpointSets, string> name)
    {
        var maps = _connection.Sets(table).Where(set => set.DataType is not null).Select(set => set.Name).ToHashSet();
        return [.. EndpointSets.All.Select(name).Distinct().Where(maps.Contains)];
    }

    /// <summary>An old table.</summary>
    /// <param name="Table">The table.</param>
    /// <param name="Numbers">Its endpoints' numbers, and those to come.</param>
    /// <param name="Endpoints">Front end . number of each of its endpoints.</param>
    private sealed record Source(NftTable Table, NumberSource Numbers, HashSet<NftValue> Endpoints)
    {
        /// <summary>Whether a client's (address . front end : number) is still one to go by.</summary>
        internal bool IsOfUse(NftElement client)
        {
            var frontEnd = client.Key.Bytes[(Table.Family == NftFamily.Ip ? 4 : 16)..];
            return client.Expiration > TimeSpan.FromSeconds(1) && client.Data is { } number && Endpoints.Contains(NftValue.Concat(NftValue.Of(frontEnd), number));
        }
    }
}
