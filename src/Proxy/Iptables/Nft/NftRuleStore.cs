using System.Collections.Immutable;
using System.Net.Sockets;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.ConnectionTracking;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Iptables.Rules;
using Dataplane.Proxy.Planning;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Iptables.Nft;

/// <summary>Rules in nf_tables, as iptables-nft would put them there.</summary>
internal sealed class NftRuleStore : IRuleStore
{
    private readonly NetworkNamespace? _namespace;
    private readonly NftablesConnection _connection;
    private readonly ImmutableArray<NftFamily> _families;
    private readonly ILogger _logger;
    private readonly Action _touched;
    private readonly IReadOnlySet<TableChain> _kept;
    private readonly ForeignChanges _foreign = new();
    private readonly NftBatch _batch = new();
    private NftablesMonitor? _monitor;
    private List<FamilyState>? _states;

    /// <param name="networkNamespace">Null for the process's own.</param>
    /// <param name="hasIpv6">The kernel has IPv6: without it there is nothing to put rules for.</param>
    /// <param name="logger">Told what could not be removed.</param>
    /// <param name="touched">Called from any thread when somebody else may have changed our rules.</param>
    /// <param name="kept">Chains that a clean-up leaves alone; null for none.</param>
    internal NftRuleStore(NetworkNamespace? networkNamespace, bool hasIpv6, ILogger logger, Action touched, IReadOnlySet<TableChain>? kept = null)
    {
        (_namespace, _logger, _touched, _kept) = (networkNamespace, logger, touched, kept ?? new HashSet<TableChain>());
        _families = hasIpv6 ? [NftFamily.Ip, NftFamily.Ip6] : [NftFamily.Ip];
        _connection = NftablesConnection.Open(networkNamespace);
    }

    /// <inheritdoc/>
    public string Name => "nf_tables";

    /// <inheritdoc/>
    public IEnumerable<(AddressFamily Family, IptablesTable Table, int Rules)> RuleCounts =>
        (_states ?? []).SelectMany(state => state.Rules.Select(table => (state.AddressFamily, table.Key, table.Value)));

    /// <inheritdoc/>
    public void WriteAll(ForwardingPlan plan, RuleOptions options, Action<int, int>? progress)
    {
        // A full write would drown the listener in its own notifications; that nobody else wrote meanwhile is told by the generation.
        _monitor?.Dispose();
        _monitor = null;
        _states = null;
        var states = _families.Select(family => new FamilyState(family)).ToList();
        var generations = new GenerationCheck(_connection);
        var inUse = FrontEndsInUse.Look(_namespace);
        foreach (var state in states)
        {
            new FullWriter(_connection, state, options, generations.Commit, _logger).Write(plan, progress, inUse);
        }

        _foreign.Clear();
        _monitor = NftablesMonitor.Start(_namespace, Notice, _connection.PortId);
        _states = states;
        if (!generations.IsOurs())
        {
            _foreign.SuspectAll();
            _touched();
        }
    }

    /// <inheritdoc/>
    public void WriteChange(ForwardingPlan previous, ForwardingPlan next, RuleOptions options)
    {
        var states = _states ?? throw new InvalidOperationException("nothing was written yet");
        var changes = next.ChangesSince(previous).ToList();
        _batch.Clear();
        var writers = states.ConvertAll(state => new ChangeWriter(state, _batch, options));
        _states = null;
        writers.ForEach(writer => writer.Write(changes));
        var handles = new Queue<ulong>(_connection.CommitReporting(_batch));
        writers.ForEach(writer => writer.Committed(handles));
        _states = states;
    }

    /// <inheritdoc/>
    public IReadOnlyList<TrafficCount> Traffic(ForwardingPlan plan) => [.. _families.SelectMany(family => RuleTraffic.Read(_connection, family, plan))];

    /// <inheritdoc/>
    public bool IsIntact() => _states is { } states && _foreign.Check(_connection, states);

    /// <inheritdoc/>
    public void Cleanup()
    {
        _states = null;
        foreach (var family in _families)
        {
            new Remover(_connection, family, _logger, _kept).Remove();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _monitor?.Dispose();
        _connection.Dispose();
    }

    private void Notice(NftGeneration generation)
    {
        if (generation.PortId != _connection.PortId && _foreign.Take(generation))
        {
            _touched();
        }
    }
}
