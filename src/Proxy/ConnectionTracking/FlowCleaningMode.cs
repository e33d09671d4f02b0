using System.Diagnostics;
using System.Net.Sockets;
using Dataplane.Netlink;
using Dataplane.Netlink.ConnectionTracking;
using Dataplane.Proxy.Planning;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.ConnectionTracking;

/// <summary>A mode, and after each of its plans the UDP flows that lead where they no longer should are deleted.</summary>
internal sealed class FlowCleaningMode(IProxyMode mode, ProxyModeContext context, bool relayed = false) : IProxyMode
{
    private readonly ILogger _logger = context.Loggers.CreateLogger<FlowCleaningMode>();
    private ConntrackConnection? _connection;

    /// <inheritdoc/>
    public string Name => mode.Name;

    /// <inheritdoc/>
    public void Apply(ForwardingPlan? previous, ForwardingPlan next)
    {
        mode.Apply(previous, next);
        var stale = StaleFlows.Between(previous, next, relayed);
        if (!stale.IsEmpty)
        {
            Delete(stale);
        }
    }

    /// <inheritdoc/>
    public bool IsIntact() => mode.IsIntact();

    /// <inheritdoc/>
    public IReadOnlyList<TrafficCount> Traffic() => mode.Traffic();

    /// <inheritdoc/>
    public void Cleanup() => mode.Cleanup();

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _connection?.Dispose();
        return mode.DisposeAsync();
    }

    // The rules are in force: a listing that fails must not have them written again.
    private void Delete(StaleFlows stale)
    {
        var (started, deleted) = (Stopwatch.GetTimestamp(), 0);
        try
        {
            _connection ??= ConntrackConnection.Open(context.Namespace);
            foreach (var family in new[] { AddressFamily.InterNetwork, AddressFamily.InterNetworkV6 })
            {
                foreach (var flow in _connection.Flows(family, ProtocolType.Udp).Where(stale.Contains))
                {
                    deleted += _connection.Delete(flow) ? 1 : 0;
                }
            }
        }
        catch (NetlinkException failure)
        {
            _logger.FlowsNotDeleted(failure.Message);
        }

        context.FlowsDeleted?.Invoke(deleted, Stopwatch.GetElapsedTime(started));
        if (deleted > 0)
        {
            _logger.FlowsDeleted(deleted);
        }
    }
}
