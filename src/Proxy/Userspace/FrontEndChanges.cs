using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Userspace;

/// <summary>Which front ends a step to another plan touches, each with what it is to become: null when it goes.</summary>
internal static class FrontEndChanges
{
    /// <summary>From whatever is in force.</summary>
    internal static Dictionary<FrontEnd, FrontEndPlan?> Whole(IEnumerable<FrontEnd> inForce, ForwardingPlan next)
    {
        var plans = inForce.ToDictionary(frontEnd => frontEnd, _ => (FrontEndPlan?)null);
        foreach (var plan in next.Services.Values.SelectMany(service => service.FrontEnds))
        {
            plans[plan.FrontEnd] = plan;
        }

        return plans;
    }

    /// <summary>At the cost of the change.</summary>
    internal static Dictionary<FrontEnd, FrontEndPlan?> Between(ForwardingPlan previous, ForwardingPlan next)
    {
        var plans = new Dictionary<FrontEnd, FrontEndPlan?>();
        var changes = next.ChangesSince(previous).ToList();

        // All that goes before all that comes: an address may pass from one Service to another in one step.
        foreach (var plan in changes.SelectMany(change => change.Before?.FrontEnds ?? []))
        {
            plans[plan.FrontEnd] = null;
        }

        foreach (var plan in changes.SelectMany(change => change.After?.FrontEnds ?? []))
        {
            plans[plan.FrontEnd] = plan;
        }

        return plans;
    }
}
