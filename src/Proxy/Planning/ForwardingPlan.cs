using System.Collections.Immutable;
using System.Net;
using Dataplane.Api;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Planning;

/// <summary>Everything this node has to forward: the whole policy, decided. Modes render it and hold no policy of their own.</summary>
public sealed record ForwardingPlan
{
    /// <summary>Nothing to forward.</summary>
    public static ForwardingPlan Empty { get; } = new();

    /// <summary>Counts up with every plan of one proxy.</summary>
    public long Revision { get; init; }

    /// <summary>By Service. A Service that did not change keeps the same object from plan to plan.</summary>
    public ImmutableDictionary<NamespacedName, ServicePlan> Services { get; init; } = ImmutableDictionary<NamespacedName, ServicePlan>.Empty;

    /// <summary>How to tell pods of the cluster from other sources; networks or an interface, whatever the configuration asks for.</summary>
    public LocalDetector LocalDetector { get; init; } = LocalDetector.None;

    /// <summary>Where NodePorts answer.</summary>
    public NodePortScope NodePorts { get; init; } = NodePortScope.All;

    /// <summary>
    /// Networks whose addresses are ClusterIPs or nobody's (ServiceCIDR objects): a mode drops what is sent to those that no Service has, if upstream's does.
    /// </summary>
    public ImmutableArray<IPNetwork> ServiceRanges { get; init; } = [];

    /// <summary>The plan that <see cref="ChangedServices"/> is relative to; null for a plan made from nothing.</summary>
    internal long? BaseRevision { get; init; }

    internal ImmutableArray<NamespacedName> ChangedServices { get; init; } = [];

    internal ImmutableDictionary<FrontEnd, ImmutableArray<Claimant>> Claims { get; init; } = FrontEndClaims.None;

    /// <summary>Whose a front end is; null for nobody's.</summary>
    internal ServicePortName? PortAt(FrontEnd frontEnd)
    {
        if (Claims.TryGetValue(frontEnd, out var claimants) && Services.TryGetValue(claimants[0].Service, out var service))
        {
            foreach (var plan in service.FrontEnds)
            {
                if (plan.FrontEnd == frontEnd)
                {
                    return plan.ServicePort;
                }
            }
        }

        return null;
    }

    /// <summary>
    /// What differs between two plans: at the cost of the change when <paramref name="previous"/> is the plan this one was made from,
    /// else by comparing every Service's object.
    /// </summary>
    public IEnumerable<ServiceChange> ChangesSince(ForwardingPlan previous)
    {
        var names = BaseRevision == previous.Revision && BaseRevision is not null
            ? ChangedServices
            : previous.Services.Keys.Union(Services.Keys);
        foreach (var name in names)
        {
            var before = previous.Services.GetValueOrDefault(name);
            var after = Services.GetValueOrDefault(name);
            if (!ReferenceEquals(before, after))
            {
                yield return new ServiceChange(name, before, after);
            }
        }
    }
}

/// <summary>One Service's part of two plans.</summary>
/// <param name="Name">The Service.</param>
/// <param name="Before">Null when it is new.</param>
/// <param name="After">Null when it went.</param>
public readonly record struct ServiceChange(NamespacedName Name, ServicePlan? Before, ServicePlan? After);

/// <summary>The front ends of one Service.</summary>
/// <param name="Name">The Service.</param>
/// <param name="FrontEnds">At most one for each <see cref="FrontEnd"/>.</param>
/// <param name="HealthCheck">The port to answer load-balancer health checks on, if any.</param>
public sealed record ServicePlan(NamespacedName Name, ImmutableArray<FrontEndPlan> FrontEnds, HealthCheckPlan? HealthCheck)
{
    /// <summary>What it wants, granted or not.</summary>
    internal ImmutableArray<FrontEndClaim> Claimed { get; init; } = [];

    /// <summary>Those another Service has.</summary>
    internal ImmutableArray<LostFrontEnd> Lost { get; init; } = [];
}

/// <summary>What a load balancer that asks this node is told.</summary>
/// <param name="Port">Where it asks.</param>
/// <param name="LocalEndpoints">Distinct local ready endpoints; the answer is 200 when there is one, else 503.</param>
public sealed record HealthCheckPlan(NodePort Port, int LocalEndpoints);
