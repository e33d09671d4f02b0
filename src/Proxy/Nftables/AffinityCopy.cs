using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Nftables.Rules;

namespace Dataplane.Proxy.Nftables;

/// <summary>Takes the clients with session affinity along from the tables that a new one replaces. One that has no such endpoint any more stays unused.</summary>
internal static class AffinityCopy
{
    // Newest clients are not told from older ones, so beyond this which of them are taken is chance.
    private const int MostClients = 20_000;

    /// <returns>Whether there is anything to commit.</returns>
    internal static bool Write(NftablesConnection connection, IReadOnlyList<NftTable> old, string table, NftBatch batch)
    {
        batch.Clear();
        foreach (var source in old)
        {
            var known = connection.Sets(source).Select(set => set.Name).ToHashSet();
            foreach (var set in EndpointSets.All.Select(sets => sets.Affinity).Distinct().Where(known.Contains))
            {
                foreach (var element in connection.Elements(source, set).Where(element => element.Expiration > TimeSpan.FromSeconds(1)).Take(MostClients))
                {
                    batch.AddElement(new NftTable(source.Family, table), set, element with { Timeout = element.Expiration, Expiration = null });
                }
            }
        }

        return batch.Count > 0;
    }
}
