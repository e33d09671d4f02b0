using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.EndpointSlices;
using Dataplane.ControlPlane.Controllers.Replicas;

namespace Dataplane.ControlPlane.Controllers.StatefulSets;

/// <summary>A stateful set and its pods by number, as seen in one pass.</summary>
internal sealed class StatefulView
{
    private readonly DateTimeOffset _now;

    /// <param name="set">The set.</param>
    /// <param name="current">The name of the revision that a rollout leaves.</param>
    /// <param name="update">The name of the revision of the set's template.</param>
    /// <param name="pods">Its pods, those that are ending included.</param>
    /// <param name="now">The time.</param>
    public StatefulView(StatefulSet set, string current, string update, IEnumerable<Pod> pods, DateTimeOffset now)
    {
        (Set, Current, Update, Pods, _now) = (set, current, update, [.. pods], now);
        Start = set.Spec.Ordinals?.Start ?? 0;
        var numbered = Pods
            .Select(pod => (Ordinal: StatefulPod.Ordinal(set, pod), Pod: pod))
            .Where(item => item.Ordinal is not null)
            .GroupBy(item => item.Ordinal!.Value, item => item.Pod)
            .ToDictionary(group => group.Key, group => group.MaxBy(pod => pod.Metadata.CreationTimestamp)!);
        var end = Start + (set.Spec.Replicas ?? 1);
        Replicas = [.. Enumerable.Range(Start, end - Start).Select(ordinal => (ordinal, numbered.GetValueOrDefault(ordinal)))];
        Condemned = [.. numbered.Where(pair => pair.Key < Start || pair.Key >= end).OrderByDescending(pair => pair.Key).Select(pair => (pair.Key, pair.Value))];
    }

    public StatefulSet Set { get; }

    public string Current { get; }

    public string Update { get; }

    public IReadOnlyList<Pod> Pods { get; }

    /// <summary>The number of the first pod.</summary>
    public int Start { get; }

    /// <summary>The pods there should be, in order; null where there is none.</summary>
    public IReadOnlyList<(int Ordinal, Pod? Pod)> Replicas { get; }

    /// <summary>Pods beyond those, the highest number first.</summary>
    public IReadOnlyList<(int Ordinal, Pod Pod)> Condemned { get; }

    /// <summary>One at a time, each when the one before is ready.</summary>
    public bool InOrder => Set.Spec.PodManagementPolicy != "Parallel";

    public TimeSpan MinReady => TimeSpan.FromSeconds(Set.Spec.MinReadySeconds ?? 0);

    public static bool IsReady(Pod pod) => pod.Status.Phase == "Running" && PodEndpoints.IsReady(pod);

    public bool IsAvailable(Pod pod) => IsReady(pod) && PodReadiness.AvailableAt(pod, MinReady) <= _now;

    /// <summary>Ready for long enough and not ending.</summary>
    public bool IsHealthy(Pod? pod) => pod is not null && IsAvailable(pod) && pod.Metadata.DeletionTimestamp is null;

    /// <summary>The revision a new pod is made of: pods below the partition stay behind.</summary>
    public string RevisionFor(int ordinal)
    {
        if (Set.Spec.UpdateStrategy.Type == "OnDelete")
        {
            return Update;
        }

        var behind = Set.Spec.UpdateStrategy.RollingUpdate is { } rolling ? rolling.Partition ?? 0 : Set.Status.CurrentReplicas ?? 0;
        return ordinal < Start + behind ? Current : Update;
    }
}
