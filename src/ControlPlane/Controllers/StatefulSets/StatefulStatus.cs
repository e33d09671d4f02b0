using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.Replicas;

namespace Dataplane.ControlPlane.Controllers.StatefulSets;

/// <summary>Counts a stateful set's pods into its status. Pure.</summary>
internal static class StatefulStatus
{
    /// <param name="view">The set and its pods.</param>
    /// <param name="collisions">How often a revision's name was found taken.</param>
    public static StatefulSetStatus Count(StatefulView view, int collisions)
    {
        var alive = view.Pods.Where(pod => pod.Metadata.DeletionTimestamp is null).ToList();
        var updated = alive.Count(pod => StatefulPod.Revision(pod) == view.Update);
        var ready = view.Pods.Count(StatefulView.IsReady);
        var current = (Revision: view.Current, Replicas: alive.Count(pod => StatefulPod.Revision(pod) == view.Current));
        var replicas = view.Set.Spec.Replicas ?? 1;
        if (view.Set.Spec.UpdateStrategy.Type != "OnDelete" && updated == replicas && ready == replicas && view.Pods.Count == replicas)
        {
            // The rollout is over: what it led to is what there is.
            current = (view.Update, updated);
        }

        return view.Set.Status with
        {
            ObservedGeneration = view.Set.Metadata.Generation,
            Replicas = view.Pods.Count,
            ReadyReplicas = NonZero(ready),
            AvailableReplicas = view.Pods.Count(view.IsAvailable),
            CurrentReplicas = NonZero(current.Replicas),
            UpdatedReplicas = NonZero(updated),
            CurrentRevision = current.Revision,
            UpdateRevision = view.Update,
            CollisionCount = collisions,
        };
    }

    /// <summary>When the next ready pod will have been so for long enough.</summary>
    public static DateTimeOffset? NextAvailable(StatefulView view, DateTimeOffset now) =>
        view.Pods.Select(pod => PodReadiness.AvailableAt(pod, view.MinReady)).Where(at => at > now).Min();

    /// <summary>The API leaves zero counts out.</summary>
    private static int? NonZero(int count) => count == 0 ? null : count;
}
