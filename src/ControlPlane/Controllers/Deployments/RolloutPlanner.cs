using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.Deployments;

/// <summary>The next sizes of a deployment's ReplicaSets. Pure; every step keeps within <see cref="RolloutLimits"/>.</summary>
internal static class RolloutPlanner
{
    /// <summary>The next sizes during a rolling update; sets that stay as they are are left out.</summary>
    public static Dictionary<string, int> Rolling(Deployment deployment, ReplicaSet newest, IReadOnlyList<ReplicaSet> old)
    {
        var limits = RolloutLimits.Of(deployment);
        var sizes = new Dictionary<string, int>();
        var total = Size(newest) + old.Sum(Size);
        var newSize = Size(newest);
        if (newSize > limits.Replicas)
        {
            newSize = limits.Replicas;
        }
        else if (newSize < limits.Replicas)
        {
            newSize += Math.Max(0, Math.Min(limits.Replicas + limits.MaxSurge - total, limits.Replicas - newSize));
        }

        if (newSize != Size(newest))
        {
            // One direction at a time: old sets shrink when the new one's pods have shown up.
            sizes[newest.Metadata.UID] = newSize;
            return sizes;
        }

        ShrinkOld(limits, newest, old, total, sizes);
        return sizes;
    }

    /// <summary>The next sizes of a Recreate deployment: old ones to nothing first.</summary>
    public static Dictionary<string, int> Recreate(IReadOnlyList<ReplicaSet> old) =>
        old.Where(set => Size(set) > 0).ToDictionary(set => set.Metadata.UID, _ => 0);

    /// <summary>
    /// The sizes after the deployment itself was scaled: between rollouts the active set takes all, during one each keeps its share.
    /// </summary>
    public static Dictionary<string, int> Scale(Deployment deployment, ReplicaSet? newest, IReadOnlyList<ReplicaSet> old)
    {
        var limits = RolloutLimits.Of(deployment);
        ReplicaSet[] active = [.. old.Where(set => Size(set) > 0), .. newest is not null && Size(newest) > 0 ? new[] { newest } : []];
        if (active.Length <= 1)
        {
            var only = active.FirstOrDefault() ?? newest ?? old.MaxBy(Created);
            return only is null || Size(only) == limits.Replicas ? [] : new() { [only.Metadata.UID] = limits.Replicas };
        }

        if (IsSaturated(limits, newest))
        {
            // The rollout is as good as over: what is old has no share any more.
            return old.Where(set => Size(set) > 0).ToDictionary(set => set.Metadata.UID, _ => 0);
        }

        return deployment.Spec.Strategy.Type == "Recreate" ? [] : Shares(deployment, limits, active);
    }

    public static int Size(ReplicaSet set) => set.Spec.Replicas ?? 1;

    private static bool IsSaturated(RolloutLimits limits, ReplicaSet? newest) =>
        newest is not null
        && Size(newest) == limits.Replicas
        && Annotations.Number(newest.Metadata, Annotations.DesiredReplicas) == limits.Replicas
        && newest.Status.AvailableReplicas == limits.Replicas;

    private static Dictionary<string, int> Shares(Deployment deployment, RolloutLimits limits, ReplicaSet[] active)
    {
        var sizes = new Dictionary<string, int>();
        var allowed = limits.Replicas > 0 ? limits.Replicas + limits.MaxSurge : 0;
        var toAdd = allowed - active.Sum(Size);
        if (toAdd == 0)
        {
            return sizes;
        }

        // Growing favours the newest of the largest sets, shrinking the oldest: rounding falls to the first.
        var bySize = active.OrderByDescending(Size);
        var ordered = (toAdd > 0 ? bySize.ThenByDescending(Created) : bySize.ThenBy(Created)).ToList();
        var added = 0;
        foreach (var set in ordered)
        {
            var share = Share(deployment, limits, set);
            share = toAdd > 0 ? Math.Min(share, toAdd - added) : Math.Max(share, toAdd - added);
            sizes[set.Metadata.UID] = Math.Max(0, Size(set) + share);
            added += share;
        }

        var first = ordered[0].Metadata.UID;
        sizes[first] = Math.Max(0, sizes[first] + toAdd - added);
        return sizes;
    }

    /// <summary>What a set gains or loses so that its part of the whole stays what it was when it was last sized.</summary>
    private static int Share(Deployment deployment, RolloutLimits limits, ReplicaSet set)
    {
        if (limits.Replicas == 0)
        {
            return -Size(set);
        }

        var before = Annotations.Number(set.Metadata, Annotations.MaxReplicas) is > 0 and var noted ? noted : Math.Max(1, deployment.Status.Replicas ?? 0);
        return (int)Math.Round(Size(set) * (double)(limits.Replicas + limits.MaxSurge) / before, MidpointRounding.AwayFromZero) - Size(set);
    }

    private static void ShrinkOld(RolloutLimits limits, ReplicaSet newest, IReadOnlyList<ReplicaSet> old, int total, Dictionary<string, int> sizes)
    {
        var minAvailable = limits.Replicas - limits.MaxUnavailable;
        var newUnavailable = Size(newest) - (newest.Status.AvailableReplicas ?? 0);
        var removable = total - minAvailable - newUnavailable;
        if (removable <= 0 || old.All(set => Size(set) == 0))
        {
            return;
        }

        // Pods that serve nobody go first: a broken old revision must not hold up its replacement.
        var oldest = old.Where(set => Size(set) > 0).OrderBy(Created).ToList();
        foreach (var set in oldest)
        {
            var broken = Math.Min(removable, Size(set) - (set.Status.AvailableReplicas ?? 0));
            if (broken > 0 && set.Status.ObservedGeneration >= set.Metadata.Generation)
            {
                sizes[set.Metadata.UID] = Size(set) - broken;
                removable -= broken;
            }
        }

        var available = oldest.Sum(set => set.Status.AvailableReplicas ?? 0) + (newest.Status.AvailableReplicas ?? 0);
        var spare = Math.Min(removable, available - minAvailable);
        foreach (var set in oldest)
        {
            var size = sizes.GetValueOrDefault(set.Metadata.UID, Size(set));
            var less = Math.Min(spare, size);
            if (less > 0)
            {
                sizes[set.Metadata.UID] = size - less;
                spare -= less;
            }
        }
    }

    private static DateTimeOffset Created(ReplicaSet set) => set.Metadata.CreationTimestamp ?? DateTimeOffset.MinValue;
}
