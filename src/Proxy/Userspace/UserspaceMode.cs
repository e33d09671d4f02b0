using System.Collections.Immutable;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.TransparentSockets;
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
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Action _rulesTouched;
    private readonly NftablesMonitor _monitor;
    private readonly Dictionary<FrontEnd, FrontEndState> _inForce = [];
    private readonly Dictionary<ServicePortName, BalanceState> _balances = [];
    private readonly HashSet<FrontEnd> _notServed = [];
    private RelayEngine? _engine;
    private volatile bool _touched;

    internal UserspaceMode(ProxyModeContext context, RelayOptions options)
    {
        _node = context.Namespace;
        _options = options;
        _time = context.Time;
        _logger = context.Loggers.CreateLogger<UserspaceMode>();
        _rulesTouched = context.RulesTouched;
        _table = new UserspaceTable(context.Namespace);
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
        // Both are in rules that are made once, and a detector in the targets of Services that did not change.
        var whole = previous is null || !Equals(previous.LocalDetector, next.LocalDetector)
            || previous.NodePorts != next.NodePorts;
        var plans = whole ? FrontEndChanges.Whole(_inForce.Keys, next) : FrontEndChanges.Between(previous!, next);
        var states = NextStates(plans, next.LocalDetector, out var opened);
        var targetsBefore = Engine.StreamTargets;
        try
        {
            // Targets come before the rules that lead to them and go after them, so that no connection meets half a change.
            Engine.StreamTargets = WithTargets(targetsBefore, states);
            if (whole)
            {
                _table.Replace(states.Values.SelectMany(ElementsOf), next);
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
        ForgetBalances(previous, next);
    }

    /// <inheritdoc/>
    public bool IsIntact()
    {
        if (!_touched)
        {
            return true;
        }

        _touched = false;
        return _table.IsIntact();
    }

    /// <inheritdoc/>
    public void Cleanup() => _table.Remove();

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
        Dictionary<FrontEnd, FrontEndPlan?> plans, LocalDetector detector, out List<DatagramFrontEnd> opened)
    {
        opened = [];
        var states = new Dictionary<FrontEnd, FrontEndState?>(plans.Count);
        try
        {
            foreach (var (frontEnd, plan) in plans)
            {
                states[frontEnd] = plan is null ? null : NextState(plan, detector, opened);
            }

            return states;
        }
        catch
        {
            opened.ForEach(Engine.CloseDatagrams);
            throw;
        }
    }

    private FrontEndState? NextState(FrontEndPlan plan, LocalDetector detector, List<DatagramFrontEnd> opened)
    {
        var (frontEnd, ipv6) = (plan.FrontEnd, plan.FrontEnd.Family == System.Net.Sockets.AddressFamily.InterNetworkV6);
        var action = RelayTargets.ActionOf(plan);
        if (action == SteeringAction.None || (ipv6 && Engine.PortIPv6 is null))
        {
            if (_notServed.Add(frontEnd))
            {
                _logger.FrontEndNotServed(frontEnd, plan.ServicePort);
            }

            return new FrontEndState(FrontEndElements.Of(plan, default), null, null);
        }

        if (action != SteeringAction.Redirect)
        {
            return new FrontEndState(FrontEndElements.Of(plan, new Steering(action)), null, null);
        }

        var target = RelayTargets.TargetOf(plan, detector, BalanceOf(plan));
        if (frontEnd.Protocol == TransportProtocol.Tcp)
        {
            var steering = new Steering(action, ipv6 ? Engine.PortIPv6!.Value : Engine.Port);
            return new FrontEndState(FrontEndElements.Of(plan, steering), target, null);
        }

        var datagrams = _inForce.GetValueOrDefault(frontEnd)?.Datagrams;
        if (datagrams is null)
        {
            datagrams = Engine.OpenDatagrams(ipv6, target);
            opened.Add(datagrams);
        }

        return new FrontEndState(FrontEndElements.Of(plan, new Steering(action, datagrams.Port)), target, datagrams);
    }

    private BalanceState BalanceOf(FrontEndPlan plan)
    {
        if (!_balances.TryGetValue(plan.ServicePort, out var balance))
        {
            _balances.Add(plan.ServicePort, balance = new BalanceState(_time));
        }

        balance.SetAffinity(plan.AffinityTimeout);
        return balance;
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

            var datagrams = _inForce.GetValueOrDefault(frontEnd)?.Datagrams;
            if (datagrams is not null && state?.Datagrams is null)
            {
                Engine.CloseDatagrams(datagrams);
            }
            else if (datagrams is not null)
            {
                datagrams.Target = state!.Target!;
            }

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

    private void ForgetBalances(ForwardingPlan? previous, ForwardingPlan next)
    {
        var gone = previous is null
            ? _balances.Keys.Except(PortsOf(next.Services.Values))
            : next.ChangesSince(previous).SelectMany(change => PortsOf([change.Before]).Except(PortsOf([change.After])));
        foreach (var port in gone.ToList())
        {
            _balances.Remove(port);
        }
    }

    private static IEnumerable<ServicePortName> PortsOf(IEnumerable<ServicePlan?> services) =>
        services.SelectMany(service => service?.FrontEnds ?? []).Select(plan => plan.ServicePort).Distinct();
}
