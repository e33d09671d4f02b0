using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.EndpointSlices;

namespace Dataplane.ControlPlane.Controllers.Disruption;

/// <summary>What a budget's status is to be. Pure.</summary>
/// <param name="Status">The status.</param>
/// <param name="Undeleted">Pods whose eviction was allowed long ago and that are still there.</param>
/// <param name="Recheck">When an allowed eviction that has not happened stops counting; null when there is none.</param>
internal sealed record DisruptionPlan(PodDisruptionBudgetStatus Status, IReadOnlyList<Pod> Undeleted, TimeSpan? Recheck)
{
    private const string ConditionType = "DisruptionAllowed";

    /// <summary>How long an allowed eviction counts as a disruption before the pod is seen to end.</summary>
    private static readonly TimeSpan DeletionTimeout = TimeSpan.FromMinutes(2);

    /// <param name="budget">As it is now.</param>
    /// <param name="pods">Those it selects.</param>
    /// <param name="scale">How many pods their controllers want together; read only when the budget is relative to it.</param>
    /// <param name="now">The clock.</param>
    public static DisruptionPlan Of(PodDisruptionBudget budget, IReadOnlyList<Pod> pods, int scale, DateTimeOffset now)
    {
        var disrupted = new Dictionary<string, DateTimeOffset>();
        var undeleted = new List<Pod>();
        TimeSpan? recheck = null;
        foreach (var pod in pods.Where(pod => pod.Metadata.DeletionTimestamp is null))
        {
            if (!budget.Status.DisruptedPods.TryGetValue(pod.Metadata.Name, out var at))
            {
                continue;
            }

            var left = at + DeletionTimeout - now;
            if (left <= TimeSpan.Zero)
            {
                undeleted.Add(pod);
                continue;
            }

            disrupted[pod.Metadata.Name] = at;
            recheck = recheck is null || left < recheck ? left : recheck;
        }

        var healthy = pods.Count(pod =>
            pod.Metadata.DeletionTimestamp is null && !disrupted.ContainsKey(pod.Metadata.Name) && PodEndpoints.IsReady(pod));
        var (expected, desired) = Wanted(budget.Spec, pods.Count, scale);
        var status = new PodDisruptionBudgetStatus
        {
            ObservedGeneration = budget.Metadata.Generation,
            DisruptedPods = disrupted,
            CurrentHealthy = healthy,
            DesiredHealthy = desired,
            ExpectedPods = expected,

            // No pods yet: the first that come are safe until they are counted.
            DisruptionsAllowed = expected <= 0 ? 0 : Math.Max(0, healthy - desired),
        };
        var allowed = status.DisruptionsAllowed > 0;
        status.Conditions = Condition(budget, allowed, allowed ? "SufficientPods" : "InsufficientPods", "", now);
        return new DisruptionPlan(status, undeleted, recheck);
    }

    /// <summary>The status of a budget that cannot be computed: nothing may be disrupted.</summary>
    public static PodDisruptionBudgetStatus FailSafe(PodDisruptionBudget budget, string why, DateTimeOffset now) => budget.Status with
    {
        DisruptionsAllowed = 0,
        ObservedGeneration = budget.Metadata.Generation,
        Conditions = Condition(budget, allowed: false, "SyncFailed", why, now),
    };

    /// <summary>Whether a budget is about a share of what controllers want rather than about a number of pods.</summary>
    public static bool NeedsScale(PodDisruptionBudgetSpec spec) => spec.MaxUnavailable is not null || spec.MinAvailable is { IsString: true };

    private static (int Expected, int Desired) Wanted(PodDisruptionBudgetSpec spec, int pods, int scale) => spec switch
    {
        { MaxUnavailable: { } most } => (scale, Math.Max(0, scale - most.Scale(scale, roundUp: true))),
        { MinAvailable: { IsString: true } least } => (scale, least.Scale(scale, roundUp: true)),
        { MinAvailable: { } least } => (pods, least.Number),
        _ => (0, 0),
    };

    private static List<Condition> Condition(PodDisruptionBudget budget, bool allowed, string reason, string message, DateTimeOffset now)
    {
        var status = allowed ? "True" : "False";
        var current = budget.Status.Conditions.Find(condition => condition.Type == ConditionType);
        var condition = new Condition
        {
            Type = ConditionType,
            Status = status,
            Reason = reason,
            Message = message,
            ObservedGeneration = budget.Metadata.Generation,
            LastTransitionTime = current?.Status == status ? current.LastTransitionTime : now,
        };
        return [.. budget.Status.Conditions.Where(other => other.Type != ConditionType), condition];
    }
}
