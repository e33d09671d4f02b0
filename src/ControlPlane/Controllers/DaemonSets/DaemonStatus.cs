using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.EndpointSlices;
using Dataplane.ControlPlane.Controllers.Replicas;

namespace Dataplane.ControlPlane.Controllers.DaemonSets;

/// <summary>Counts a daemon set's pods into its status. Pure.</summary>
internal static class DaemonStatus
{
    /// <param name="view">The set, the nodes and the pods.</param>
    /// <param name="collisions">How often a revision's name was found taken.</param>
    public static DaemonSetStatus Count(DaemonView view, int collisions)
    {
        var (desired, current, misscheduled, ready, available, updated) = (0, 0, 0, 0, 0, 0);
        foreach (var node in view.Nodes)
        {
            var pods = view.On(node);
            if (!view.Placement(node).Run)
            {
                misscheduled += pods.Count > 0 ? 1 : 0;
                continue;
            }

            desired++;
            if (pods.Count == 0)
            {
                continue;
            }

            current++;
            var oldest = pods.MinBy(pod => pod.Metadata.CreationTimestamp ?? DateTimeOffset.MaxValue)!;
            ready += PodEndpoints.IsReady(oldest) ? 1 : 0;
            available += view.IsAvailable(oldest) ? 1 : 0;
            updated += view.IsCurrent(oldest) ? 1 : 0;
        }

        return view.Set.Status with
        {
            ObservedGeneration = view.Set.Metadata.Generation,
            DesiredNumberScheduled = desired,
            CurrentNumberScheduled = current,
            NumberMisscheduled = misscheduled,
            NumberReady = ready,
            UpdatedNumberScheduled = NonZero(updated),
            NumberAvailable = NonZero(available),
            NumberUnavailable = NonZero(desired - available),
            CollisionCount = NonZero(collisions),
        };
    }

    /// <summary>When the next ready pod will have been so for long enough.</summary>
    public static DateTimeOffset? NextAvailable(DaemonView view, DateTimeOffset now) =>
        view.Pods.Values.SelectMany(pods => pods).Select(pod => PodReadiness.AvailableAt(pod, view.MinReady)).Where(at => at > now).Min();

    /// <summary>The API leaves zero counts out.</summary>
    private static int? NonZero(int count) => count == 0 ? null : count;
}
