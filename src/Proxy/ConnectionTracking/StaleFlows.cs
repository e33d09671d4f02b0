using System.Net;
using Dataplane.Netlink.ConnectionTracking;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.ConnectionTracking;

/// <summary>
/// UDP has no end of a connection: as long as a client sends, its entry keeps leading to the endpoint it once had, also when that has gone. After a
/// change such entries must go; others must stay, for the same reason. Source: kubernetes pkg/proxy/conntrack/cleanup.go.
/// </summary>
internal sealed class StaleFlows
{
    // An empty set: nobody serves the front end now.
    private readonly Dictionary<(IPAddress Address, ushort Port), HashSet<IPEndPoint>> _byAddress = [];
    private readonly Dictionary<(System.Net.Sockets.AddressFamily Family, ushort Port), HashSet<IPEndPoint>> _byNodePort = [];

    private StaleFlows()
    {
    }

    internal bool IsEmpty => _byAddress.Count == 0 && _byNodePort.Count == 0;

    /// <summary>What to look for after one plan took the place of another; null before the first, when an earlier process may have left any.</summary>
    /// <param name="previous">The plan before.</param>
    /// <param name="next">The plan now.</param>
    /// <param name="relayed">Flows lead to a relay's port, which a front end keeps as long as it is there: only those of new and gone ones are stale.</param>
    internal static StaleFlows Between(ForwardingPlan? previous, ForwardingPlan next, bool relayed = false)
    {
        var stale = new StaleFlows();
        foreach (var change in next.ChangesSince(previous ?? ForwardingPlan.Empty))
        {
            // A front end may go from one Service to another in one step, in any order.
            foreach (var gone in Udp(change.Before).Where(before => !Udp(change.After).Any(after => after.FrontEnd == before.FrontEnd)))
            {
                stale.Add(gone.FrontEnd, [], replace: false);
            }

            foreach (var plan in Udp(change.After))
            {
                var before = Udp(change.Before).FirstOrDefault(other => other.FrontEnd == plan.FrontEnd);
                if (relayed ? before is null : before is null || before.Serving.IsEmpty || before.Serving.Except(plan.Serving).Any())
                {
                    stale.Add(plan.FrontEnd, relayed ? [] : [.. plan.Serving.Select(target => new IPEndPoint(target.Address, target.Port))], replace: true);
                }
            }
        }

        return stale;
    }

    /// <summary>Whether a flow leads to an endpoint that does not serve its front end any more.</summary>
    internal bool Contains(ConntrackFlow flow)
    {
        if (_byAddress.TryGetValue((flow.Destination.Address, (ushort)flow.Destination.Port), out var serving))
        {
            return !serving.Contains(flow.ReplySource);
        }

        // A NodePort's number says nothing of other hosts' ports: only a flow that was translated went through it.
        return flow.IsTranslated
            && _byNodePort.TryGetValue((flow.Destination.AddressFamily, (ushort)flow.Destination.Port), out serving)
            && !serving.Contains(flow.ReplySource);
    }

    private static IEnumerable<FrontEndPlan> Udp(ServicePlan? service) =>
        service?.FrontEnds.Where(plan => plan.FrontEnd.Protocol == TransportProtocol.Udp) ?? [];

    private void Add(FrontEnd frontEnd, HashSet<IPEndPoint> serving, bool replace)
    {
        if (frontEnd.Address is { } address)
        {
            Add(_byAddress, (address, frontEnd.Port), serving, replace);
        }
        else
        {
            Add(_byNodePort, (frontEnd.Family, frontEnd.Port), serving, replace);
        }
    }

    private static void Add<TKey>(Dictionary<TKey, HashSet<IPEndPoint>> byKey, TKey key, HashSet<IPEndPoint> serving, bool replace)
        where TKey : notnull
    {
        if (replace)
        {
            byKey[key] = serving;
        }
        else
        {
            byKey.TryAdd(key, serving);
        }
    }
}
