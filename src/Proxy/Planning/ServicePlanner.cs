using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Planning;

/// <summary>
/// Decides the front ends of one Service:
/// <code>
///                     internal policy Cluster       internal policy Local
///   ClusterIP         cluster set                   local set
///                     external policy Cluster       external policy Local
///   ExternalIP,       cluster set, masqueraded      pods and the node: cluster set, the node masqueraded
///   LB IP, NodePort                                 others: local set, source preserved
/// </code>
/// No endpoint anywhere: REJECT. Endpoints, but none in the local set that is asked for: DROP.
/// </summary>
internal static class ServicePlanner
{
    internal static ServicePlan Plan(ServiceEntry entry, NodeFacts node, PlanningOptions options)
    {
        var service = entry.Service;
        var frontEnds = ImmutableArray.CreateBuilder<FrontEndPlan>();
        var taken = new HashSet<FrontEnd>();
        foreach (var port in service.Ports)
        {
            foreach (var family in Families(service))
            {
                var endpoints = entry.Endpoints.Of(port.Name).Where(endpoint => endpoint.Address.AddressFamily == family).ToImmutableArray();
                var portPlanner = new PortPlanner(service, port, family, EndpointChoice.For(endpoints, node), node, options, Serving(port, endpoints, node));
                foreach (var frontEnd in portPlanner.FrontEnds())
                {
                    // An address may stand in several fields; the first, which is the most specific one, says what it does.
                    if (taken.Add(frontEnd.FrontEnd))
                    {
                        frontEnds.Add(frontEnd);
                    }
                }
            }
        }

        return new ServicePlan(service.Name, frontEnds.ToImmutable(), HealthCheck(entry, node))
        {
            Claimed = [.. frontEnds.Select(plan => new FrontEndClaim(plan.FrontEnd, plan.Kind is FrontEndKind.ClusterIP or FrontEndKind.NodePort))],
        };
    }

    private static IEnumerable<AddressFamily> Families(ProxiedService service) =>
        service.ClusterIPs.Concat(service.ExternalIPs).Concat(service.LoadBalancerIPs).Select(address => address.AddressFamily).Distinct();

    private static ImmutableArray<EndpointTarget> Serving(ProxiedPort port, ImmutableArray<ServiceEndpoint> endpoints, NodeFacts node) =>
        port.Name.Protocol == TransportProtocol.Udp ? [.. endpoints.Where(endpoint => endpoint.Serving || endpoint.Ready).Select(endpoint => Target(endpoint, node))] : [];

    private static EndpointTarget Target(ServiceEndpoint endpoint, NodeFacts node) => new(endpoint.Address, endpoint.Port, EndpointChoice.IsLocal(endpoint, node));

    private static HealthCheckPlan? HealthCheck(ServiceEntry entry, NodeFacts node)
    {
        var service = entry.Service;
        if (!service.HealthCheckNodePort.IsAllocated)
        {
            return null;
        }

        // Counts pods, not ports or addresses: a pod behind two ports of the Service is one endpoint, and so is one with an address of each family.
        var local = service.Ports.SelectMany(port => entry.Endpoints.Of(port.Name))
            .Where(endpoint => endpoint.Ready && EndpointChoice.IsLocal(endpoint, node))
            .Select(endpoint => endpoint.Address).Distinct().CountBy(address => address.AddressFamily).Select(family => family.Value).DefaultIfEmpty().Max();
        return new HealthCheckPlan(service.HealthCheckNodePort, local);
    }

    private readonly struct PortPlanner(
        ProxiedService service, ProxiedPort port, AddressFamily family, EndpointChoice choice, NodeFacts node, PlanningOptions options,
        ImmutableArray<EndpointTarget> serving)
    {
        internal IEnumerable<FrontEndPlan> FrontEnds()
        {
            var internalRoute = service.InternalPolicyLocal
                ? Forward(choice.Local, InternalMasquerade, EndpointScope.Local)
                : Forward(choice.Cluster, InternalMasquerade);
            var (externalRoute, outsideRoute) = ExternalRoutes();
            foreach (var address in OfFamily(service.ClusterIPs))
            {
                yield return Make(FrontEndKind.ClusterIP, FrontEnd.At(address, port.Name.Protocol, port.Port), internalRoute, null);
            }

            foreach (var address in OfFamily(service.LoadBalancerIPs))
            {
                yield return Make(FrontEndKind.LoadBalancerIP, FrontEnd.At(address, port.Name.Protocol, port.Port), externalRoute, outsideRoute) with
                {
                    SourceRanges = SourceRanges(address),
                };
            }

            foreach (var address in OfFamily(service.ExternalIPs))
            {
                yield return Make(FrontEndKind.ExternalIP, FrontEnd.At(address, port.Name.Protocol, port.Port), externalRoute, outsideRoute);
            }

            if (port.NodePort.IsAllocated && service.ClusterIPs.Any(IsOfFamily))
            {
                yield return Make(FrontEndKind.NodePort, FrontEnd.AtNode(family, port.Name.Protocol, port.NodePort), externalRoute, outsideRoute);
            }
        }

        private (Route Route, Route? Outside) ExternalRoutes()
        {
            if (!service.ExternalPolicyLocal)
            {
                return (Forward(choice.Cluster, MasqueradePolicy.Always), null);
            }

            var near = Forward(choice.Cluster, MasqueradePolicy.FromNode);
            return near.Action == RouteAction.Reject ? (near, null) : (near, Forward(choice.Local, MasqueradePolicy.Never, EndpointScope.Local));
        }

        private Route Forward(ImmutableArray<ServiceEndpoint> endpoints, MasqueradePolicy masquerade, EndpointScope scope = EndpointScope.Cluster)
        {
            if (endpoints.IsEmpty)
            {
                return choice.AnyInCluster ? Route.Drop : Route.Reject;
            }

            var facts = node;
            return new Route(
                RouteAction.Forward,
                [.. endpoints.Select(endpoint => Target(endpoint, facts))],
                masquerade)
            {
                Scope = scope,
            };
        }

        private MasqueradePolicy InternalMasquerade =>
            options.MasqueradeAll ? MasqueradePolicy.Always
            : options.LocalDetector.On(node).Knows(family) ? MasqueradePolicy.OffCluster
            : MasqueradePolicy.Never;

        private FrontEndPlan Make(FrontEndKind kind, FrontEnd frontEnd, Route route, Route? outside) => new()
        {
            FrontEnd = frontEnd,
            Kind = kind,
            ServicePort = port.Name,
            Route = route,
            OutsideRoute = outside,
            AffinityTimeout = service.AffinityTimeout,
            Relay = service.Relay,
            Serving = serving,
            Scheduler = service.Scheduler,
        };

        private IEnumerable<IPAddress> OfFamily(ImmutableArray<IPAddress> addresses) => addresses.Where(IsOfFamily);

        private bool IsOfFamily(IPAddress address) => address.AddressFamily == family;

        // Where the load balancer's address is one of the node's own, a connection of the node to it comes from that very address: a node that may use
        // the service may do so too. Source: pkg/proxy/iptables/proxier.go, allowFromNode.
        private ImmutableArray<IPNetwork> SourceRanges(IPAddress loadBalancer)
        {
            var (wanted, facts) = (family, node);
            var ranges = service.LoadBalancerSourceRanges.Where(range => range.BaseAddress.AddressFamily == wanted).ToList();
            if (ranges.Exists(range => facts.Addresses.Any(range.Contains)) && !ranges.Exists(range => range.Contains(loadBalancer)))
            {
                ranges.Add(new IPNetwork(loadBalancer, wanted == AddressFamily.InterNetworkV6 ? 128 : 32));
            }

            return [.. ranges];
        }
    }
}
