using Dataplane.Netlink.ConnectionTracking;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.ConnectionTracking;

/// <summary>
/// Connections that clients began while a front end had no rules: the kernel translates a connection by its first packet or never, so that all their
/// further packets would pass the rules by, a lost SYN's repetitions too, until the client gives up after two minutes. Without their entry the next
/// repetition is a first packet.
/// </summary>
internal static class PassedBy
{
    /// <summary>Whether there can be any after one plan took the place of another; null before the first, and after rules were lost.</summary>
    internal static bool CanBeAfter(ForwardingPlan? previous, ForwardingPlan next) =>
        previous is null || next.ChangesSince(previous).Any(change => Connected(change.After).Except(Connected(change.Before)).Any());

    /// <summary>Whether nobody has answered a connection because it passed the rules by.</summary>
    /// <param name="unanswered">One that was not translated and had no answer.</param>
    /// <param name="plan">What is in force.</param>
    internal static bool Contains(ConntrackFlow unanswered, ForwardingPlan plan) =>
        (TransportProtocol)unanswered.Protocol is var protocol and not TransportProtocol.Udp
        && plan.Claims.ContainsKey(FrontEnd.At(unanswered.Destination.Address, protocol, (ushort)unanswered.Destination.Port));

    // Where an address is the node's own, a port without rules answers with a reset.
    private static IEnumerable<FrontEnd> Connected(ServicePlan? service) =>
        service?.FrontEnds.Select(plan => plan.FrontEnd).Where(frontEnd => frontEnd.Address is not null && frontEnd.Protocol != TransportProtocol.Udp) ?? [];
}
