using System.Diagnostics;
using System.Net.Sockets;
using Dataplane.Netlink;
using Dataplane.Netlink.ConnectionTracking;
using Dataplane.Proxy.Planning;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.ConnectionTracking;

/// <summary>A mode, and after each of its plans the flows are deleted that lead where they should not: UDP flows, and connections that passed the rules by.</summary>
/// <param name="mode">The mode.</param>
/// <param name="context">What every mode is made of.</param>
/// <param name="relayed">Flows lead to a relay's port.</param>
/// <param name="hasAddresses">The node itself has the front ends' addresses: nothing passes it by.</param>
internal sealed class FlowCleaningMode(IProxyMode mode, ProxyModeContext context, bool relayed = false, bool hasAddresses = false) : IProxyMode
{
    private static readonly AddressFamily[] Families = [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6];

    private readonly ILogger _logger = context.Loggers.CreateLogger<FlowCleaningMode>();
    private ConntrackConnection? _connection;

    /// <inheritdoc/>
    public string Name => mode.Name;

    /// <inheritdoc/>
    public void Apply(ForwardingPlan? previous, ForwardingPlan next)
    {
        mode.Apply(previous, next);
        var stale = StaleFlows.Between(previous, next, relayed);
        var passedBy = !hasAddresses && PassedBy.CanBeAfter(previous, next);
        if (!stale.IsEmpty || passedBy)
        {
            Delete(stale, passedBy ? next : null);
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
    private void Delete(StaleFlows stale, ForwardingPlan? passed)
    {
        var all = 0;
        foreach (var family in Families)
        {
            var (started, deleted) = (Stopwatch.GetTimestamp(), 0);
            try
            {
                _connection ??= ConntrackConnection.Open(context.Namespace);
                deleted += stale.IsEmpty ? 0 : _connection.Flows(family, ProtocolType.Udp).Where(stale.Contains).Count(_connection.Delete);
                deleted += passed is null ? 0 : _connection.UnansweredFlows(family).Where(flow => PassedBy.Contains(flow, passed)).Count(_connection.Delete);
            }
            catch (NetlinkException failure)
            {
                _logger.FlowsNotDeleted(failure.Message);
            }

            context.FlowsDeleted?.Invoke(family, deleted, Stopwatch.GetElapsedTime(started));
            all += deleted;
        }

        if (all > 0)
        {
            _logger.FlowsDeleted(all);
        }
    }
}
