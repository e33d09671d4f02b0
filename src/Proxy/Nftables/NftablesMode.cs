using System.Diagnostics;
using System.Net.Sockets;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.ConnectionTracking;
using Dataplane.Proxy.Nftables.Rendering;
using Dataplane.Proxy.Nftables.Rules;
using Dataplane.Proxy.Planning;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Nftables;

/// <summary>
/// Mode nftables: one table for each family, written by netlink transactions that hold only what changed. Nothing is listed but for the check after
/// somebody else's transaction.
/// </summary>
internal sealed class NftablesMode : IProxyMode
{
    internal const string ModeName = "nftables";

    private readonly NetworkNamespace? _node;
    private readonly ILogger _logger;
    private readonly NftablesConnection _connection;
    private readonly ProxyModeContext _context;
    private readonly NftBatch _batch = new();
    private NftablesMonitor? _monitor;
    private RulesetRenderer? _renderer;
    private volatile RulesetCensus _census = new(TableNames.First);
    private volatile bool _touched;

    internal NftablesMode(ProxyModeContext context)
    {
        _context = context;
        _node = context.Namespace;
        _logger = context.Loggers.CreateLogger<NftablesMode>();
        _connection = NftablesConnection.Open(context.Namespace);
    }

    /// <inheritdoc/>
    public string Name => ModeName;

    /// <inheritdoc/>
    public void Apply(ForwardingPlan? previous, ForwardingPlan next)
    {
        // All three matter in rules that are made once.
        if (previous is null || _renderer is null || previous.LocalDetector != next.LocalDetector || previous.NodePorts != next.NodePorts
            || previous.ServiceRanges != next.ServiceRanges)
        {
            Load(next);
            return;
        }

        var change = _renderer.Render(next.ChangesSince(previous));
        if (!_census.HasRoomFor(change))
        {
            Load(next);
            return;
        }

        try
        {
            Commit(change, _census);
        }
        catch
        {
            // The renderer is ahead of the kernel now.
            _renderer = null;
            throw;
        }
    }

    /// <inheritdoc/>
    public bool IsIntact()
    {
        if (!_touched)
        {
            return true;
        }

        _touched = false;
        return _renderer is not null && _census.Holds(_connection);
    }

    /// <inheritdoc/>
    public IReadOnlyList<TrafficCount> Traffic() => TrafficReader.Read(_connection, _census.TableName);

    /// <inheritdoc/>
    public void Cleanup()
    {
        _renderer = null;
        Remove(Tables());
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _monitor?.Dispose();
        _connection.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>
    /// Makes a new table beside what there is. Its hooks come before those of older ones and let go by what it does not have yet, so that every front
    /// end is served all the time by the one table or the other.
    /// </summary>
    private void Load(ForwardingPlan plan)
    {
        if (plan.NodePorts.HasLoopback(AddressFamily.InterNetwork))
        {
            NodeSysctls.RouteLoopback(_node, _logger);
        }

        var started = Stopwatch.GetTimestamp();
        // A listener has the kernel describe every element it is given. Whether somebody else came meanwhile, the ruleset's generation tells.
        _monitor?.Dispose();
        _monitor = null;
        var generation = _connection.Generation();
        var old = Tables();
        var census = new RulesetCensus(TableNames.Free(old));
        _renderer = null;
        try
        {
            var (renderer, transactions) = LoadPieces(plan, census, AffinityCopy.Of(_connection, old), old.Count == 0 ? FrontEndsInUse.Look(_node) : null);
            Watch(generation + (uint)transactions);
            Remove(old);
            (_renderer, _census) = (renderer, census);
            _logger.Loaded(census.TableName, plan.Services.Count, transactions, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        catch when (old.Count > 0)
        {
            Discard(census.TableName);
            throw;
        }
    }

    /// <param name="plan">What to load.</param>
    /// <param name="census">Of the new table.</param>
    /// <param name="clients">Of the old one.</param>
    /// <param name="inUse">Null where an old table serves meanwhile, and no front end need come before others.</param>
    private (RulesetRenderer Renderer, int Transactions) LoadPieces(
        ForwardingPlan plan, RulesetCensus census, AffinityCopy clients, Func<IReadOnlySet<FrontEnd>>? inUse)
    {
        var pipeline = new CommitPipeline(_connection);
        try
        {
            var renderer = LoadPieces(plan, census, clients, inUse, pipeline);
            pipeline.Settle();
            return (renderer, pipeline.Transactions);
        }
        catch
        {
            pipeline.Abandon();
            throw;
        }
    }

    private RulesetRenderer LoadPieces(
        ForwardingPlan plan, RulesetCensus census, AffinityCopy clients, Func<IReadOnlySet<FrontEnd>>? inUse, CommitPipeline pipeline)
    {
        var (renderer, skeleton) = RulesetRenderer.Start(plan, _context.MasqueradeMark, !NodeSysctls.IsConntrackLiberal(_node), clients.Numbers);
        pipeline.Send(skeleton, census.TableName);
        census.Count(skeleton);
        pipeline.Send(batch => clients.Write(census.TableName, batch));
        var (services, change) = (0, new RulesetChange(creates: false));
        foreach (var piece in LoadOrder.Pieces(plan, inUse))
        {
            change.Clear();
            renderer.Render(piece, change);
            pipeline.Send(change, census.TableName);
            census.Count(change);
            services += piece.Count;
            _context.Loading?.Invoke(services, plan.Services.Count);
            _logger.Loading(census.TableName, services, plan.Services.Count);
        }

        return renderer;
    }

    private void Watch(uint expectedGeneration)
    {
        _monitor = NftablesMonitor.Start(_node, Notice, except: _connection.PortId);
        if (_connection.Generation() != expectedGeneration)
        {
            _touched = true;
            _context.RulesTouched();
        }
    }

    private void Commit(RulesetChange change, RulesetCensus census)
    {
        if (change.IsEmpty)
        {
            return;
        }

        _batch.Clear();
        BatchWriter.Write(change, census.TableName, _batch);
        _connection.Commit(_batch);
        census.Count(change);
    }

    private List<NftTable> Tables() =>
        [.. _connection.Tables().Select(table => table.Table).Where(table => TableNames.Families.Contains(table.Family) && TableNames.IsOurs(table.Name))];

    private void Remove(IReadOnlyList<NftTable> tables)
    {
        _batch.Clear();
        foreach (var table in tables)
        {
            _batch.DestroyTable(table);
        }

        _connection.Commit(_batch);
    }

    private void Discard(string table)
    {
        try
        {
            Remove([.. Tables().Where(other => other.Name == table)]);
        }
        catch (NetlinkException failure)
        {
            // It goes with the next successful load.
            _logger.NotDiscarded(table, failure.Message);
        }
    }

    private void Notice(NftGeneration generation)
    {
        if (generation.Incomplete || generation.Tables.Any(table => TableNames.IsOurs(table.Name)))
        {
            _touched = true;
            _context.RulesTouched();
        }
    }
}
