using System.Collections.Immutable;
using System.Net;
using Dataplane.Linux;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.TransparentSockets;
using Dataplane.Netlink;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;
using Dataplane.Proxy.Userspace.Relay;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Userspace;

/// <summary>
/// Connections are redirected to this process, which dials an endpoint (another one if the first does not answer) and moves the
/// payload. The kernel holds one map entry per front end; endpoints are known to the relay only, so that a change of endpoints
/// costs no netlink message at all.
/// </summary>
internal sealed class UserspaceMode : IProxyMode
{
    internal const string ModeName = "userspace";

    private readonly NetworkNamespace? _node;
    private readonly RelayOptions _options;
    private readonly UserspaceTable _table;
    private readonly ILogger _logger;
    private readonly Action _rulesTouched;
    private readonly NftablesMonitor _monitor;
    private readonly Dictionary<FrontEnd, FrontEndState> _inForce = [];
    private readonly RelayBalances _balances;
    private readonly HashSet<FrontEnd> _notServed = [];
    private RelayEngine? _engine;
    private volatile bool _touched;
    private bool _preserves;
    private bool _cannotPreserve;

    internal UserspaceMode(ProxyModeContext context, RelayOptions options)
    {
        _node = context.Namespace;
        _options = options;
        _logger = context.Loggers.CreateLogger<UserspaceMode>();
        _rulesTouched = context.RulesTouched;
        _table = new UserspaceTable(context.Namespace);
        _balances = new RelayBalances(context.Time);
        if (context.Meter is { } meter)
        {
            _ = new RelayMetrics(meter, _balances, () => _engine?.Counters());
        }

        _monitor = NftablesMonitor.Start(context.Namespace, Notice);
    }

    /// <inheritdoc/>
    public string Name => ModeName;

    /// <summary>Started by the first plan: a mode made only to clean up opens no port.</summary>
    /// <exception cref="Linux.LinuxException">The listeners cannot be opened.</exception>
    internal RelayEngine Engine => _engine ??= new RelayEngine(_options, _node, _logger);

    /// <inheritdoc/>
    public void Apply(ForwardingPlan? previous, ForwardingPlan next)
    {
        // Both are in rules that are made once.
        var whole = previous is null || !Equals(previous.LocalDetector, next.LocalDetector)
            || previous.NodePorts != next.NodePorts;
        var plans = whole ? FrontEndChanges.Whole(_inForce.Keys, next) : FrontEndChanges.Between(previous!, next);
        var states = NextStates(plans, out var opened);
        var targetsBefore = Engine.StreamTargets;
        try
        {
            // Targets come before the rules that lead to them and go after them, so that no connection meets half a change.
            Engine.StreamTargets = WithTargets(targetsBefore, states);
            if (whole)
            {
                _table.Replace(states.Values.SelectMany(ElementsOf), next);
                _preserves = false;
            }
            else
            {
                var before = states.Keys.Select(frontEnd => _inForce.GetValueOrDefault(frontEnd));
                _table.Change(before.SelectMany(ElementsOf), states.Values.SelectMany(ElementsOf));
            }
        }
        catch
        {
            Engine.StreamTargets = targetsBefore;
            opened.ForEach(Engine.CloseDatagrams);
            throw;
        }

        Commit(states);
        _balances.Keep(states.Values.OfType<FrontEndState>());
        _balances.Forget(previous, next);
        Preserve(states.Values);
    }

    /// <inheritdoc/>
    public IReadOnlyList<TrafficCount> Traffic() =>
    [
        .. _balances.Endpoints().Where(endpoint => endpoint.FrontEnd.Address is not null && endpoint.Counters.Connections > 0).Select(endpoint => new TrafficCount(
            endpoint.FrontEnd.Protocol, new IPEndPoint(endpoint.FrontEnd.Address!, endpoint.FrontEnd.Port), endpoint.Endpoint, endpoint.Counters.Connections,
            endpoint.Counters.Datagrams, endpoint.Counters.BytesToEndpoint + endpoint.Counters.BytesToClient)),
    ];

    /// <inheritdoc/>
    public bool IsIntact()
    {
        if (_cannotPreserve)
        {
            Preserve(_inForce.Values);
        }

        if (!_touched)
        {
            return true;
        }

        _touched = false;
        return _table.IsIntact();
    }

    /// <inheritdoc/>
    public void Cleanup()
    {
        _table.Remove();
        PreservedClients.Remove(_node);
        _preserves = false;
    }

    /// <summary>Stops the relay: open connections are reset. The rules stay until <see cref="Cleanup"/> or the next start.</summary>
    public ValueTask DisposeAsync()
    {
        _monitor.Dispose();
        _engine?.Dispose();
        _table.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Notice(NftGeneration generation)
    {
        if (generation.Incomplete || (generation.PortId != _table.PortId && generation.Tables.Any(table => table.Name == UserspaceTable.Name)))
        {
            _touched = true;
            _rulesTouched();
        }
    }

    private static IEnumerable<TableElement> ElementsOf(FrontEndState? state) => state?.Elements ?? [];

    private Dictionary<FrontEnd, FrontEndState?> NextStates(
        Dictionary<FrontEnd, FrontEndPlan?> plans, out List<DatagramFrontEnd> opened)
    {
        opened = [];
        var states = new Dictionary<FrontEnd, FrontEndState?>(plans.Count);
        try
        {
            foreach (var (frontEnd, plan) in plans)
            {
                states[frontEnd] = plan is null ? null : NextState(plan, opened);
            }

            return states;
        }
        catch
        {
            opened.ForEach(Engine.CloseDatagrams);
            throw;
        }
    }

    private FrontEndState? NextState(FrontEndPlan plan, List<DatagramFrontEnd> opened)
    {
        var (frontEnd, ipv6) = (plan.FrontEnd, plan.FrontEnd.Family == System.Net.Sockets.AddressFamily.InterNetworkV6);
        var action = RelayTargets.ActionOf(plan);
        if (action == SteeringAction.None || (ipv6 && Engine.PortsIPv6 is null))
        {
            if (_notServed.Add(frontEnd))
            {
                _logger.FrontEndNotServed(frontEnd, plan.ServicePort);
            }

            return new FrontEndState(FrontEndElements.Of(plan, default), null);
        }

        // Without endpoints too: connection tracking goes on leading datagrams of clients it knows to the front end's ports, so that those stay, to refuse
        // them and to serve them again. The same port may serve others by then if it is given up.
        var (before, target) = (_inForce.GetValueOrDefault(frontEnd), RelayTargets.TargetOf(plan, _balances.Of(plan)));
        if (action != SteeringAction.Redirect)
        {
            return new FrontEndState(FrontEndElements.Of(plan, new Steering(action)), target, before?.Datagrams, before?.OutsideDatagrams);
        }

        if (frontEnd.Protocol == TransportProtocol.Tcp)
        {
            var steering = new Steering(action, ipv6 ? Engine.PortsIPv6!.Value : Engine.Ports);
            return new FrontEndState(FrontEndElements.Of(plan, steering), target);
        }

        var all = before?.Datagrams ?? Open(outside: false);
        var outside = before?.OutsideDatagrams ?? (target.OutsideEndpoints is { IsEmpty: false } ? Open(outside: true) : null);
        return new FrontEndState(FrontEndElements.Of(plan, new Steering(action, new RelayPorts(all.Port, outside?.Port ?? 0))), target, all, outside);

        DatagramFrontEnd Open(bool outside)
        {
            var datagrams = Engine.OpenDatagrams(ipv6, outside, target);
            opened.Add(datagrams);
            return datagrams;
        }
    }

    // Without it the outside clients of policy Local are not served, since their endpoints' answers go astray. Everybody else is, so that it is no
    // reason to begin again from nothing: it is tried again with the next plan that needs it, and with every check. The routes come first: what is there
    // already does not hurt them, while rules would be there twice.
    private void Preserve(IEnumerable<FrontEndState?> states)
    {
        if (_preserves || !states.Any(state => state?.Target is { PreservesOutsideClients: true }))
        {
            return;
        }

        try
        {
            PreservedClients.Add(_node);
            _table.Preserve();
            _preserves = true;
            _cannotPreserve = false;
        }
        catch (Exception failure) when (failure is NetlinkException or LinuxException)
        {
            if (!_cannotPreserve)
            {
                _logger.CannotPreserveClients(failure);
            }

            _cannotPreserve = true;
        }
    }

    private void Retarget(DatagramFrontEnd? before, DatagramFrontEnd? after, RelayTarget? target)
    {
        if (before is not null && after is null)
        {
            Engine.CloseDatagrams(before);
        }
        else if (before is not null)
        {
            before.Target = target!;
        }
    }

    private static ImmutableDictionary<InetEndPoint, RelayTarget> WithTargets(
        ImmutableDictionary<InetEndPoint, RelayTarget> targets, Dictionary<FrontEnd, FrontEndState?> states)
    {
        var builder = targets.ToBuilder();
        foreach (var (frontEnd, state) in states)
        {
            if (frontEnd.Protocol == TransportProtocol.Tcp && state?.Target is { } target)
            {
                builder[RelayTargets.KeyOf(frontEnd)] = target;
            }
        }

        return builder.ToImmutable();
    }

    private void Commit(Dictionary<FrontEnd, FrontEndState?> states)
    {
        var targets = Engine.StreamTargets.ToBuilder();
        foreach (var (frontEnd, state) in states)
        {
            if (frontEnd.Protocol == TransportProtocol.Tcp && state?.Target is null)
            {
                targets.Remove(RelayTargets.KeyOf(frontEnd));
            }

            var before = _inForce.GetValueOrDefault(frontEnd);
            Retarget(before?.Datagrams, state?.Datagrams, state?.Target);
            Retarget(before?.OutsideDatagrams, state?.OutsideDatagrams, state?.Target);
            if (state is null)
            {
                _inForce.Remove(frontEnd);
            }
            else
            {
                _inForce[frontEnd] = state;
            }
        }

        Engine.StreamTargets = targets.ToImmutable();
    }
}
