using System.Collections.Concurrent;
using System.Net;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;
using Dataplane.Proxy.Userspace.Relay;

namespace Dataplane.Proxy.Userspace;

/// <summary>What is remembered of service ports from plan to plan. Changed by one thread, read by any.</summary>
internal sealed class RelayBalances(TimeProvider time)
{
    private readonly ConcurrentDictionary<ServicePortName, (BalanceState Balance, FrontEnd FrontEnd)> _balances = new();

    /// <summary>That of a front end's service port, with what the plan says of it.</summary>
    internal BalanceState Of(FrontEndPlan plan)
    {
        if (!_balances.TryGetValue(plan.ServicePort, out var known))
        {
            known = (new BalanceState(time), plan.FrontEnd);
            _balances[plan.ServicePort] = known;
        }

        // Figures are told by the address of a front end: a node port has none of its own.
        if (known.FrontEnd != plan.FrontEnd && (known.FrontEnd.Address is null || plan.Kind == FrontEndKind.ClusterIP))
        {
            _balances[plan.ServicePort] = known with { FrontEnd = plan.FrontEnd };
        }

        known.Balance.Settings = plan.Relay;
        known.Balance.SetAffinity(plan.AffinityTimeout);
        return known.Balance;
    }

    /// <summary>Forgets endpoints that none of a service port's front ends has any more.</summary>
    /// <param name="states">The front ends that changed: of a service port all or none.</param>
    internal void Keep(IEnumerable<FrontEndState> states)
    {
        foreach (var port in states.Select(state => state.Target).OfType<RelayTarget>().GroupBy(target => target.Balance))
        {
            port.Key.Keep(
                port.SelectMany(target => target.Endpoints.Endpoints.Concat(target.OutsideEndpoints?.Endpoints ?? [])).ToHashSet(), Environment.TickCount64);
        }
    }

    /// <summary>Forgets service ports that are gone.</summary>
    internal void Forget(ForwardingPlan? previous, ForwardingPlan next)
    {
        var gone = previous is null
            ? _balances.Keys.Except(PortsOf(next.Services.Values))
            : next.ChangesSince(previous).SelectMany(change => PortsOf([change.Before]).Except(PortsOf([change.After])));
        foreach (var port in gone.ToList())
        {
            if (_balances.TryRemove(port, out var known))
            {
                known.Balance.Keep(new HashSet<EndpointState>(), Environment.TickCount64);
            }
        }
    }

    /// <summary>Every endpoint that was used, with its service port.</summary>
    internal IEnumerable<(ServicePortName Port, FrontEnd FrontEnd, IPEndPoint Endpoint, EndpointCounters Counters)> Endpoints() =>
        from known in _balances
        from endpoint in known.Value.Balance.Endpoints
        let counters = endpoint.Sum()
        where counters.Connections > 0 || counters.DialFailures > 0
        select (known.Key, known.Value.FrontEnd, endpoint.EndPoint.ToIPEndPoint(), counters);

    private static IEnumerable<ServicePortName> PortsOf(IEnumerable<ServicePlan?> services) =>
        services.SelectMany(service => service?.FrontEnds ?? []).Select(plan => plan.ServicePort).Distinct();
}
