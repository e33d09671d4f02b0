using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Dataplane.Netlink.Ipset;
using Dataplane.Netlink.Ipvs;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Ipvs.Rendering;

/// <summary>
/// A Service's plan as virtual services and elements of sets. A front end has a virtual service at its address, a NodePort one at each of the node's
/// addresses. Where pods and the node reach other endpoints than the rest (external policy Local) two more carry the former, by mark:
/// <code>
///   packets from pods   mangle PREROUTING: mark M by set KUBE-IPVS-NEAR                ──> service M
///   the node's own      mangle OUTPUT: the same; nat OUTPUT adds the masquerade mark   ──> service M + masquerade mark
///   others                                                                            ──> service at the address
/// </code>
/// </summary>
internal sealed class IpvsRenderer(
    IReadOnlyList<IPAddress> nodeAddresses, NodePortScope scope, uint masqueradeMark, FrontEndMarks marks, Func<string?, string> scheduler, ILogger logger)
{
    internal RenderedService Render(ServicePlan? plan)
    {
        var rendered = new RenderedService();
        foreach (var frontEnd in plan?.FrontEnds ?? [])
        {
            Render(frontEnd, rendered);
        }

        if (plan?.HealthCheck is { } healthCheck)
        {
            foreach (var family in plan.FrontEnds.Select(frontEnd => frontEnd.FrontEnd.Family).Distinct())
            {
                rendered.Elements.Add(new SetElement(SetNames.Of(family).HealthCheck, IpsetElement.Of(healthCheck.Port.Value)));
            }
        }

        return rendered;
    }

    private void Render(FrontEndPlan plan, RenderedService rendered)
    {
        var (frontEnd, protocol) = (plan.FrontEnd, (byte)plan.FrontEnd.Protocol);
        var sets = SetNames.Of(frontEnd.Family);
        var places = frontEnd.Address is { } address ? [address] : nodeAddresses.Where(own => IsInScope(own, frontEnd.Family)).ToArray();
        var outside = plan.OutsideRoute ?? plan.Route;
        var mark = IsSplit(plan) && places.Length > 0 ? marks.Of(frontEnd) : 0;
        if (IsSplit(plan) && places.Length > 0 && mark == 0)
        {
            logger.NoMarkLeft(frontEnd.ToString());
        }

        foreach (var place in places)
        {
            Add(rendered, plan, IpvsServiceKey.At(protocol, place, frontEnd.Port), place, outside);
            var element = IpsetElement.Of(place, protocol, frontEnd.Port);
            foreach (var set in SetsOf(plan, outside, sets))
            {
                rendered.Elements.Add(new SetElement(set, element));
            }

            if (mark != 0)
            {
                rendered.Elements.Add(new SetElement(sets.Near, element with { Mark = mark }));
            }

            foreach (var range in plan.SourceRanges)
            {
                foreach (var network in WithoutDefault(range))
                {
                    rendered.Elements.Add(new SetElement(sets.SourceCidr, IpsetElement.Of(place, protocol, frontEnd.Port, network)));
                }
            }
        }

        if (mark != 0)
        {
            rendered.Marked.Add(frontEnd);
            Add(rendered, plan, IpvsServiceKey.Marked(frontEnd.Family, mark), places[0], plan.Route);
            Add(rendered, plan, IpvsServiceKey.Marked(frontEnd.Family, mark | masqueradeMark), places[0], plan.Route);
        }

        if (frontEnd.Address is { } virtualAddress && !nodeAddresses.Contains(virtualAddress))
        {
            rendered.Addresses.Add(virtualAddress);
            rendered.Elements.Add(new SetElement(sets.Addresses, IpsetElement.Of(virtualAddress)));
        }
        else if (frontEnd.Address is null)
        {
            RenderNodePort(plan, sets, places, rendered);
        }

        AddHairpins(plan, sets, rendered);
    }

    private static void RenderNodePort(FrontEndPlan plan, SetNames sets, IPAddress[] places, RenderedService rendered)
    {
        var (protocol, port) = (plan.FrontEnd.Protocol, plan.FrontEnd.Port);
        foreach (var set in plan.OutsideRoute is null ? new[] { sets.NodePort(protocol, local: false) } : [sets.NodePort(protocol, local: false), sets.NodePort(protocol, local: true)])
        {
            if (protocol != TransportProtocol.Sctp)
            {
                rendered.Elements.Add(new SetElement(set, IpsetElement.Of(port)));
                continue;
            }

            rendered.Elements.AddRange(places.Select(place => new SetElement(set, IpsetElement.Of(place, (byte)protocol, port))));
        }
    }

    private static void AddHairpins(FrontEndPlan plan, SetNames sets, RenderedService rendered)
    {
        var targets = plan.OutsideRoute is { } outside ? plan.Route.Endpoints.Concat(outside.Endpoints).Distinct() : plan.Route.Endpoints;
        foreach (var target in targets.Where(target => target.IsLocal))
        {
            rendered.Elements.Add(new SetElement(
                sets.Loopback, IpsetElement.Of(target.Address, (byte)plan.FrontEnd.Protocol, target.Port, target.Address)));
        }
    }

    private void Add(RenderedService rendered, FrontEndPlan plan, IpvsServiceKey key, IPAddress place, Route route)
    {
        var name = scheduler(plan.Scheduler);
        var seconds = (uint)(plan.AffinityTimeout?.TotalSeconds ?? 0);
        var flags = Schedulers.FlagsOf(name) | (seconds > 0 ? IpvsService.Persistent : 0);
        if (key.Mark != 0 && seconds > 0)
        {
            // A persistent service by mark keeps the port that the client sent to (ip_vs_core.c, ip_vs_sched_persist): there a client is told by the hash
            // of its address.
            (name, flags, seconds) = (scheduler("mh") is "mh" ? "mh" : "sh", 0, 0);
        }

        // A node address may be some Service's external address as well, which says more than "any of them".
        if (!rendered.Servers.ContainsKey(key) || plan.FrontEnd.Address is not null)
        {
            rendered.Servers[key] = new VirtualServer(
                new IpvsService(key, name, flags, seconds),
                plan.FrontEnd.Protocol,
                new IPEndPoint(place, plan.FrontEnd.Port),
                [.. route.Endpoints.Select(target => new IPEndPoint(target.Address, target.Port))]);
        }
    }

    private static IEnumerable<string> SetsOf(FrontEndPlan plan, Route outside, SetNames sets)
    {
        var isLocal = plan.OutsideRoute is not null;
        switch (plan.Kind)
        {
            case FrontEndKind.ClusterIP:
                yield return sets.ClusterIP;
                if (plan.Route.Masquerade == MasqueradePolicy.Always)
                {
                    yield return sets.Masquerade;
                }

                break;
            case FrontEndKind.ExternalIP:
                yield return isLocal ? sets.ExternalIPLocal : sets.ExternalIP;
                break;
            case FrontEndKind.LoadBalancerIP:
                yield return sets.LoadBalancer;
                if (isLocal)
                {
                    yield return sets.LoadBalancerLocal;
                }

                if (!plan.SourceRanges.IsEmpty)
                {
                    yield return sets.LoadBalancerFirewall;
                }

                break;
        }

        if (plan.Route.Action == RouteAction.Reject)
        {
            yield return sets.Reject;
        }
        else if (plan.Route.Action == RouteAction.Drop)
        {
            yield return sets.Drop;
        }
        else if (outside.Action == RouteAction.Drop)
        {
            yield return sets.DropOutside;
        }
    }

    // Who is near reaches the same endpoints as anybody where all of them are local.
    private static bool IsSplit(FrontEndPlan plan) => plan is { OutsideRoute: { } outside, Route.Action: RouteAction.Forward }
        && !outside.Endpoints.SequenceEqual(plan.Route.Endpoints);

    private bool IsInScope(IPAddress address, AddressFamily family) => address.AddressFamily == family
        && (scope.Of(family) is not { } networks || networks.Any(network => network.Contains(address)));

    // A set takes no network of length 0, but its two halves.
    private static IPNetwork[] WithoutDefault(IPNetwork range)
    {
        if (range.PrefixLength > 0)
        {
            return [range];
        }

        var upper = range.BaseAddress.GetAddressBytes();
        upper[0] = 0x80;
        return [new IPNetwork(range.BaseAddress, 1), new IPNetwork(new IPAddress(upper), 1)];
    }
}
