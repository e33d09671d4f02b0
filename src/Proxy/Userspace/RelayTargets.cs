using System.Net.Sockets;
using Dataplane.Linux.TransparentSockets;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;
using Dataplane.Proxy.Userspace.Relay;

namespace Dataplane.Proxy.Userspace;

/// <summary>Plans in the relay's words.</summary>
internal static class RelayTargets
{
    /// <summary>What the kernel is to do with a front end, but for the port of a redirection.</summary>
    internal static SteeringAction ActionOf(FrontEndPlan plan)
    {
        if (plan.FrontEnd.Protocol is not (TransportProtocol.Tcp or TransportProtocol.Udp))
        {
            return SteeringAction.None;
        }

        if (plan.Route.Action == RouteAction.Forward || plan.OutsideRoute?.Action == RouteAction.Forward)
        {
            return SteeringAction.Redirect;
        }

        return plan.Route.Action == RouteAction.Reject ? SteeringAction.Reject : SteeringAction.Drop;
    }

    /// <summary>Under which original destination the relay looks a TCP front end up.</summary>
    internal static InetEndPoint KeyOf(FrontEnd frontEnd) => frontEnd.Address is { } address
        ? InetEndPoint.From(address, frontEnd.Port)
        : new InetEndPoint(UInt128.Zero, frontEnd.Port, frontEnd.Family == AddressFamily.InterNetworkV6);

    /// <summary>Where the relay sends what comes to a front end: nowhere, where it has no endpoints.</summary>
    internal static RelayTarget TargetOf(FrontEndPlan plan, BalanceState balance)
    {
        var now = Environment.TickCount64;
        return new RelayTarget
        {
            Endpoints = balance.SetOf(EndpointsOf(plan.Route), now),
            Rejects = plan.Route.Action == RouteAction.Reject,
            OutsideEndpoints = plan.OutsideRoute is { } outside ? balance.SetOf(EndpointsOf(outside), now) : null,
            RejectsOutside = plan.OutsideRoute is { } forOutside ? forOutside.Action == RouteAction.Reject : null,
            PreservesOutsideClients = PreservesOutsideClients(plan),
            Balance = balance,
        };
    }

    /// <summary>Datagrams have no connection to speak through from another's address: theirs come from the node.</summary>
    internal static bool PreservesOutsideClients(FrontEndPlan plan) =>
        plan is { FrontEnd.Protocol: TransportProtocol.Tcp, OutsideRoute: { Action: RouteAction.Forward, Masquerade: MasqueradePolicy.Never } };

    private static IEnumerable<InetEndPoint> EndpointsOf(Route route) => route.Endpoints.Select(endpoint => InetEndPoint.From(endpoint.Address, endpoint.Port));
}
