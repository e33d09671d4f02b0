using System.Collections.Immutable;
using Dataplane.Api;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Planning;

/// <summary>
/// Plans: pure functions from what should be served, where and how. A plan of a changed table is made from the plan before it and touches only the
/// Services that changed, so that one endpoint costs the same in a cluster of ten Services and of fifty thousand.
/// </summary>
public static class Planner
{
    /// <summary>A plan made from nothing.</summary>
    public static ForwardingPlan Plan(ServiceTable table, NodeFacts node, PlanningOptions options)
    {
        return Update(ForwardingPlan.Empty, table, [.. table.Services.Keys], node, options) with { BaseRevision = null };
    }

    /// <summary>The plan after <paramref name="previous"/>.</summary>
    /// <param name="previous">A plan for the same options, and for the same node facts unless every Service counts as changed.</param>
    /// <param name="table">What to serve now.</param>
    /// <param name="changed">Services that differ between the table of <paramref name="previous"/> and <paramref name="table"/>.</param>
    /// <param name="node">The node.</param>
    /// <param name="options">Configuration.</param>
    public static ForwardingPlan Update(
        ForwardingPlan previous, ServiceTable table, IReadOnlyCollection<NamespacedName> changed, NodeFacts node, PlanningOptions options)
    {
        var planned = changed.Select(name => new ServiceChange(name, previous.Services.GetValueOrDefault(name), PlanService(name))).ToList();
        var (claims, moved) = FrontEndClaims.Change(previous.Claims, planned);
        planned.AddRange(moved.Except(changed)
            .Select(name => new ServiceChange(name, previous.Services.GetValueOrDefault(name), PlanService(name))));
        var services = previous.Services.ToBuilder();
        foreach (var (name, _, plan) in planned)
        {
            if (plan is not null)
            {
                services[name] = FrontEndClaims.Grant(plan, claims);
            }
            else
            {
                services.Remove(name);
            }
        }

        return previous with
        {
            Revision = previous.Revision + 1,
            BaseRevision = previous.Revision,
            ChangedServices = [.. planned.Select(change => change.Name)],
            Services = services.ToImmutable(),
            Claims = claims,
            LocalDetector = options.LocalDetector.On(node),
            NodePorts = options.NodePortsOn(node),
        };

        ServicePlan? PlanService(NamespacedName name) =>
            table.Services.TryGetValue(name, out var entry) ? ServicePlanner.Plan(entry, node, options) : null;
    }
}
