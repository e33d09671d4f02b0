using System.Collections.Immutable;
using System.Net;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Planning;

/// <summary>What happens to connections to one front end.</summary>
public sealed record FrontEndPlan
{
    /// <summary>Where clients send.</summary>
    public required FrontEnd FrontEnd { get; init; }

    /// <summary>Which field of the Service it comes from.</summary>
    public required FrontEndKind Kind { get; init; }

    /// <summary>The service port it belongs to.</summary>
    public required ServicePortName ServicePort { get; init; }

    /// <summary>What happens, whatever the source, unless <see cref="OutsideRoute"/> says otherwise.</summary>
    public required Route Route { get; init; }

    /// <summary>
    /// External policy Local only: what happens to connections that come neither from a pod nor from the node itself.
    /// <see cref="Route"/> then holds for pods and the node.
    /// </summary>
    public Route? OutsideRoute { get; init; }

    /// <summary>
    /// UDP only: endpoints whose flows may go on. More than the routes hold: also those that drain, and those for other zones.
    /// </summary>
    public ImmutableArray<EndpointTarget> Serving { get; init; } = [];

    /// <summary>Clients come back to the endpoint they had, unless idle for this long; null for no affinity.</summary>
    public TimeSpan? AffinityTimeout { get; init; }

    /// <summary>What the Service asks of a proxy that relays; kernel modes cannot do it.</summary>
    public RelaySettings Relay { get; init; } = RelaySettings.Default;

    /// <summary>The IPVS scheduler the Service asks for; null for the configured one. Of no meaning to other modes.</summary>
    public string? Scheduler { get; init; }

    /// <summary>Sources that may use a load-balancer address; empty for all. Others are dropped. None overlaps another.</summary>
    public ImmutableArray<IPNetwork> SourceRanges { get; init; } = [];
}

/// <summary>An action with what it needs.</summary>
/// <param name="Action">Forward, Reject or Drop.</param>
/// <param name="Endpoints">Where to, each with equal chance; not empty exactly when the action is Forward. Ordered by address and port.</param>
/// <param name="Masquerade">Which forwarded connections get the node's address as their source, hairpin ones apart.</param>
public sealed record Route(RouteAction Action, ImmutableArray<EndpointTarget> Endpoints, MasqueradePolicy Masquerade)
{
    /// <summary>Which traffic policy chose the endpoints. Modes that name what they render after it ask; to the packet it makes no difference.</summary>
    public EndpointScope Scope { get; init; }

    /// <summary>Refuse at once: the service has no endpoint anywhere.</summary>
    public static Route Reject { get; } = new(RouteAction.Reject, [], MasqueradePolicy.Never);

    /// <summary>Ignore: endpoints exist, none of them on this node, and the policy is Local.</summary>
    public static Route Drop { get; } = new(RouteAction.Drop, [], MasqueradePolicy.Never);
}

/// <summary>Where endpoints were taken from.</summary>
public enum EndpointScope
{
    /// <summary>The whole cluster.</summary>
    Cluster,

    /// <summary>This node.</summary>
    Local,
}

/// <summary>What to do with a new connection.</summary>
public enum RouteAction
{
    /// <summary>Send it to one of the endpoints.</summary>
    Forward,

    /// <summary>Answer with a reset (TCP) or an ICMP port unreachable.</summary>
    Reject,

    /// <summary>Say nothing.</summary>
    Drop,
}

/// <summary>
/// Which connections leave with the node's address as source. A hairpin connection (an endpoint that is given itself)
/// always does, else its answer would never pass the node again.
/// </summary>
public enum MasqueradePolicy
{
    /// <summary>The client's address is preserved.</summary>
    Never,

    /// <summary>Those whose source is no pod, as the plan's <see cref="LocalDetector"/> sees it.</summary>
    OffCluster,

    /// <summary>Those whose source is one of the node's own addresses.</summary>
    FromNode,

    /// <summary>All.</summary>
    Always,
}

/// <summary>An endpoint as a destination.</summary>
/// <param name="Address">Of the front end's family.</param>
/// <param name="Port">Host byte order.</param>
/// <param name="IsLocal">It runs on this node: only then can a connection hairpin here.</param>
public readonly record struct EndpointTarget(IPAddress Address, ushort Port, bool IsLocal)
{
    /// <summary>Leads to the same place.</summary>
    public bool IsSameAddress(EndpointTarget other) => Port == other.Port && Address.Equals(other.Address);

    /// <inheritdoc/>
    public override string ToString() => new IPEndPoint(Address, Port).ToString();
}
