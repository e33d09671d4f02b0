using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.StatefulSets;

/// <summary>What a stateful set needs next.</summary>
/// <param name="Create">Numbers of pods to make.</param>
/// <param name="Delete">Pods to delete.</param>
/// <param name="Keep">Pods whose identity and claims are to be looked after.</param>
internal sealed record StatefulPlan(List<int> Create, List<Pod> Delete, List<(int Ordinal, Pod Pod)> Keep);

/// <summary>
/// Decides the next step: make what is missing from the first number up, remove what is too much from the last number down, then
/// replace pods of another revision from the last number down. In order, each step waits until the one before is ready. Pure.
/// </summary>
internal static class StatefulPlanner
{
    public static StatefulPlan Next(StatefulView view)
    {
        var plan = new StatefulPlan([], [], []);
        if (view.Set.Metadata.DeletionTimestamp is null && MakeReplicas(view, plan) && RemoveCondemned(view, plan))
        {
            Replace(view, plan);
        }

        return plan;
    }

    /// <returns>False when the rest has to wait.</returns>
    private static bool MakeReplicas(StatefulView view, StatefulPlan plan)
    {
        var blocked = false;
        foreach (var (ordinal, pod) in view.Replicas)
        {
            if (pod is null)
            {
                plan.Create.Add(ordinal);
                if (view.InOrder)
                {
                    return false;
                }

                continue;
            }

            if (pod.Status.Phase is "Failed" or "Succeeded")
            {
                // Its name is needed for another try.
                if (pod.Metadata.DeletionTimestamp is null)
                {
                    plan.Delete.Add(pod);
                }

                blocked = true;
            }
            else if (pod.Metadata.DeletionTimestamp is null)
            {
                plan.Keep.Add((ordinal, pod));
            }

            if (view.InOrder && !view.IsHealthy(pod))
            {
                return false;
            }
        }

        return !blocked;
    }

    /// <returns>False when the rest has to wait.</returns>
    private static bool RemoveCondemned(StatefulView view, StatefulPlan plan)
    {
        var firstUnhealthy = view.Replicas.Select(item => item.Pod).Concat(view.Condemned.Reverse().Select(item => item.Pod))
            .FirstOrDefault(pod => pod is not null && !view.IsHealthy(pod));
        foreach (var (_, pod) in view.Condemned)
        {
            if (pod.Metadata.DeletionTimestamp is null)
            {
                // In order, one that is not ready may go only when nothing before it waits to become so.
                if (!view.InOrder || view.IsAvailable(pod) || pod == firstUnhealthy)
                {
                    plan.Delete.Add(pod);
                }
            }

            if (view.InOrder)
            {
                return false;
            }
        }

        return true;
    }

    private static void Replace(StatefulView view, StatefulPlan plan)
    {
        if (view.Set.Spec.UpdateStrategy.Type == "OnDelete")
        {
            return;
        }

        var partition = view.Set.Spec.UpdateStrategy.RollingUpdate?.Partition ?? 0;
        foreach (var (_, pod) in view.Replicas.Skip(partition).Reverse())
        {
            if (pod is { Metadata.DeletionTimestamp: null } && StatefulPod.Revision(pod) != view.Update)
            {
                plan.Delete.Add(pod);
                return;
            }

            if (!view.IsHealthy(pod))
            {
                return;
            }
        }
    }
}
