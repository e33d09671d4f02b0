using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Nftables;

namespace Dataplane.Proxy.Nftables;

/// <summary>
/// The tables kube-proxy's nftables mode leaves behind. While they are there they refuse Services that had no endpoints when kube-proxy stopped, before
/// any other table sees the packet.
/// </summary>
internal static class UpstreamTables
{
    private const string Name = "kube-proxy";

    /// <returns>Whether there were any.</returns>
    internal static bool Remove(NetworkNamespace? networkNamespace)
    {
        using var connection = NftablesConnection.Open(networkNamespace);
        var batch = new NftBatch();
        foreach (var table in connection.Tables().Where(table => table.Table.Name == Name && TableNames.Families.Contains(table.Table.Family)))
        {
            batch.DestroyTable(table.Table);
        }

        connection.Commit(batch);
        return batch.Count > 0;
    }
}
