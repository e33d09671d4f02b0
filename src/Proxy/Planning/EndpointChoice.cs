using System.Collections.Immutable;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Planning;

/// <summary>
/// The endpoints of one service port and family that this node may use. A set is computed only for policies that ask for it.
/// Source: kubernetes pkg/proxy/topology.go; KEP-1669 (terminating endpoints), KEP-2433 and KEP-3015 (hints).
/// </summary>
/// <param name="Cluster">For policy Cluster.</param>
/// <param name="Local">For policy Local.</param>
/// <param name="AnyInCluster">Whether an endpoint anywhere could be used: what tells DROP from REJECT.</param>
internal readonly record struct EndpointChoice(
    ImmutableArray<ServiceEndpoint> Cluster, ImmutableArray<ServiceEndpoint> Local, bool AnyInCluster)
{
    internal static EndpointChoice For(ImmutableArray<ServiceEndpoint> endpoints, NodeFacts node)
    {
        var ready = endpoints.Where(endpoint => endpoint.Ready).ToImmutableArray();
        var draining = endpoints.Where(IsDraining).ToImmutableArray();
        var localReady = ready.Where(endpoint => IsLocal(endpoint, node)).ToImmutableArray();
        // Hints say where ready endpoints should be used from; when all are going away any of them is better than none.
        return new EndpointChoice(
            ready.IsEmpty ? draining : FilterByTopology(ready, node),
            localReady.IsEmpty ? [.. draining.Where(endpoint => IsLocal(endpoint, node))] : localReady,
            !ready.IsEmpty || !draining.IsEmpty);
    }

    internal static bool IsLocal(ServiceEndpoint endpoint, NodeFacts node) => endpoint.NodeName == node.Name;

    private static bool IsDraining(ServiceEndpoint endpoint) => endpoint is { Ready: false, Serving: true, Terminating: true };

    // One endpoint without a hint means the slices are being rewritten: then hints are ignored altogether.
    private static ImmutableArray<ServiceEndpoint> FilterByTopology(ImmutableArray<ServiceEndpoint> ready, NodeFacts node)
    {
        if (ready.All(endpoint => !endpoint.NodeHints.IsEmpty))
        {
            var near = ready.Where(endpoint => endpoint.NodeHints.Contains(node.Name)).ToImmutableArray();
            if (!near.IsEmpty)
            {
                return near;
            }
        }

        if (node.Zone is { Length: > 0 } zone && ready.All(endpoint => !endpoint.ZoneHints.IsEmpty))
        {
            var near = ready.Where(endpoint => endpoint.ZoneHints.Contains(zone)).ToImmutableArray();
            if (!near.IsEmpty)
            {
                return near;
            }
        }

        return ready;
    }
}
