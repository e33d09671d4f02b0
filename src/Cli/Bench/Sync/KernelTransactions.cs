using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Nftables;

namespace Dataplane.Cli.Bench.Sync;

/// <summary>
/// Counts nf_tables transactions of a network namespace by the ruleset's generation: a bench whose changes never reach the kernel shows splendid figures.
/// </summary>
internal sealed class KernelTransactions : IDisposable
{
    // Each change of an endpoint is a transaction there; a relay changes its own memory.
    private static readonly string[] Modes = ["nftables", "iptables"];

    private readonly NftablesConnection? _connection;
    private uint _start;

    private KernelTransactions(NftablesConnection? connection) => _connection = connection;

    /// <summary>After the mode's first sync: iptables rules in legacy tables leave the generation at zero, and nothing can be counted.</summary>
    internal static KernelTransactions Open(NetworkNamespace networkNamespace, string mode)
    {
        if (!Modes.Contains(mode))
        {
            return new KernelTransactions(null);
        }

        var connection = NftablesConnection.Open(networkNamespace);
        if (connection.Tables().Count > 0)
        {
            return new KernelTransactions(connection);
        }

        connection.Dispose();
        return new KernelTransactions(null);
    }

    /// <summary>The mode keeps its rules in nf_tables.</summary>
    internal bool CanCount => _connection is not null;

    internal void Start() => _start = _connection?.Generation() ?? 0;

    /// <exception cref="UserErrorException">There were fewer since <see cref="Start"/>.</exception>
    internal void RequireAtLeast(int changes)
    {
        if (_connection is not null && _connection.Generation() - _start is var transactions && transactions < changes)
        {
            throw new UserErrorException($"{changes} changes were {transactions} transactions: some changed nothing, and the figures are of no use");
        }
    }

    public void Dispose() => _connection?.Dispose();
}
