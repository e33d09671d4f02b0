using System.Diagnostics;
using System.Net;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Nftables;
using Dataplane.Netlink.Nftables.Expressions;
using Dataplane.Netlink.Nftables.Xtables;

namespace Dataplane.Cli.Bench.Sync;

/// <summary>
/// What the smallest transaction costs that gives one endpoint in iptables' nat table another address, whoever sends it: one chain, and one DNAT rule in the
/// place of the one before. With each the kernel walks the whole table (net/netfilter/nf_tables_api.c, nft_table_validate), and before it takes an
/// extension of x_tables it waits for what the transaction before removed to be gone (net/netfilter/nft_compat.c, nft_compat_wait_for_destructors).
/// </summary>
internal sealed class TransactionFloor : IDisposable
{
    private const string Chain = "DP-BENCH";
    private const byte Tcp = 6;
    private static readonly NftTable Table = new(NftFamily.Ip, "nat");

    private readonly NftablesConnection _connection;
    private int _sent;

    private TransactionFloor(NftablesConnection connection) => _connection = connection;

    internal List<double> Times { get; } = [];

    /// <returns>Null where the rules are not in nf_tables.</returns>
    internal static TransactionFloor? Open(NetworkNamespace networkNamespace)
    {
        var connection = NftablesConnection.Open(networkNamespace);
        if (connection.FindTable(Table) is null)
        {
            connection.Dispose();
            return null;
        }

        var batch = new NftBatch();
        batch.AddChain(Table, Chain);
        connection.Commit(batch);
        return new TransactionFloor(connection);
    }

    /// <param name="transactions">How many.</param>
    /// <param name="pause">Between two, as between the changes they are compared with.</param>
    /// <param name="cancellation">Ends it.</param>
    internal async Task MeasureAsync(int transactions, TimeSpan pause, CancellationToken cancellation)
    {
        var batch = new NftBatch();
        for (var transaction = 0; transaction < transactions; transaction++)
        {
            batch.Clear();
            batch.FlushChain(Table, Chain);
            var endpoint = new IPEndPoint(IPAddress.Loopback, 1 + (_sent++ % 60_000));
            batch.AddXtRule(Table, Chain, Tcp, NftRulePlace.Last, report: false, new Counter(), new XtDestinationNat(endpoint));
            var started = Stopwatch.GetTimestamp();
            _connection.Commit(batch);
            Times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            await Task.Delay(pause, cancellation);
        }
    }

    public void Dispose() => _connection.Dispose();
}
