using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.EndpointSlices;

namespace Dataplane.ControlPlane.Controllers.Replicas;

/// <summary>Counts an owner's pods into its status. Pure.</summary>
internal static class ReplicaStatus
{
    private const string ReplicaFailure = "ReplicaFailure";

    /// <param name="owner">The owner.</param>
    /// <param name="pods">Its active pods.</param>
    /// <param name="failure">Why pods could not be created or deleted, if so: the reason and the message.</param>
    /// <param name="now">The time.</param>
    /// <param name="nextAvailable">When the next ready pod will have been so for long enough.</param>
    public static ReplicaSetStatus Count(
        ReplicaOwner owner,
        IReadOnlyCollection<Pod> pods,
        (string Reason, string Message)? failure,
        DateTimeOffset now,
        out DateTimeOffset? nextAvailable)
    {
        nextAvailable = null;
        var (labeled, ready, available) = (0, 0, 0);
        foreach (var pod in pods)
        {
            labeled += owner.Template?.Metadata.Labels.All(label => pod.Metadata.Labels.GetValueOrDefault(label.Key) == label.Value) == true ? 1 : 0;
            ready += PodEndpoints.IsReady(pod) ? 1 : 0;
            if (PodReadiness.AvailableAt(pod, owner.MinReady) is not { } at)
            {
                continue;
            }

            if (at <= now)
            {
                available++;
            }
            else if (nextAvailable is null || at < nextAvailable)
            {
                nextAvailable = at;
            }
        }

        return owner.Status with
        {
            Replicas = pods.Count,
            FullyLabeledReplicas = NonZero(labeled),
            ReadyReplicas = NonZero(ready),
            AvailableReplicas = NonZero(available),
            ObservedGeneration = owner.Metadata.Generation,
            Conditions = Conditions(owner.Status.Conditions, failure, now),
        };
    }

    /// <summary>The API leaves zero counts out.</summary>
    private static int? NonZero(int count) => count == 0 ? null : count;

    private static List<WorkloadCondition> Conditions(
        List<WorkloadCondition> conditions, (string Reason, string Message)? failure, DateTimeOffset now)
    {
        var current = conditions.Find(condition => condition.Type == ReplicaFailure);
        if (failure is null)
        {
            return current is null ? conditions : [.. conditions.Where(condition => condition != current)];
        }

        return current?.Reason == failure.Value.Reason
            ? conditions
            :
            [
                .. conditions.Where(condition => condition != current),
                new WorkloadCondition
                {
                    Type = ReplicaFailure,
                    Status = "True",
                    Reason = failure.Value.Reason,
                    Message = failure.Value.Message,
                    LastTransitionTime = now,
                },
            ];
    }
}
