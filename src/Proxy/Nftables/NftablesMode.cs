using System.Net.Sockets;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Nftables;
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

    private readonly NftablesConnection _connection;
    private readonly NetworkNamespace? _node;
    private readonly ILogger _logger;
    private readonly uint _mark;
    private readonly NftablesMonitor _monitor;
    private readonly Action _rulesTouched;
    private readonly NftBatch _batch = new();
    private RulesetRenderer? _renderer;
    private RulesetCensus? _census;
    private volatile bool _touched;

    internal NftablesMode(ProxyModeContext context)
    {
        _node = context.Namespace;
        _logger = context.Loggers.CreateLogger<NftablesMode>();
        _mark = context.MasqueradeMark;
        _rulesTouched = context.RulesTouched;
        _connection = NftablesConnection.Open(context.Namespace);
        _monitor = NftablesMonitor.Start(context.Namespace, Notice);
    }

    /// <inheritdoc/>
    public string Name => ModeName;

    /// <inheritdoc/>
    public void Apply(ForwardingPlan? previous, ForwardingPlan next)
    {
        RulesetChange change;
        // Both matter in rules that are made once.
        if (previous is null || _renderer is null || previous.LocalDetector != next.LocalDetector || previous.NodePorts != next.NodePorts)
        {
            if (next.NodePorts.HasLoopback(AddressFamily.InterNetwork))
            {
                NodeSysctls.RouteLoopback(_node, _logger);
            }

            (_renderer, change) = RulesetRenderer.RenderAll(next, _mark);
            _census = new RulesetCensus();
        }
        else
        {
            change = _renderer.RenderDifference(previous, next);
        }

        if (change.IsEmpty)
        {
            return;
        }

        _batch.Clear();
        BatchWriter.Write(change, _batch);
        try
        {
            _connection.Commit(_batch);
        }
        catch
        {
            // The renderer is ahead of the kernel now.
            _renderer = null;
            throw;
        }

        _census!.Count(change);
    }

    /// <inheritdoc/>
    public bool IsIntact()
    {
        if (!_touched)
        {
            return true;
        }

        _touched = false;
        return _renderer is not null && _census!.Holds(_connection);
    }

    /// <inheritdoc/>
    public void Cleanup()
    {
        _renderer = null;
        _batch.Clear();
        foreach (var family in new[] { NftFamily.Ip, NftFamily.Ip6 })
        {
            if (_connection.FindTable(BatchWriter.Table(family)) is not null)
            {
                _batch.DestroyTable(BatchWriter.Table(family));
            }
        }

        _connection.Commit(_batch);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _monitor.Dispose();
        _connection.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Notice(NftGeneration generation)
    {
        var foreign = generation.PortId != _connection.PortId && generation.Tables.Any(table => table.Name == BatchWriter.TableName);
        if (foreign || generation.Incomplete)
        {
            _touched = true;
            _rulesTouched();
        }
    }
}
