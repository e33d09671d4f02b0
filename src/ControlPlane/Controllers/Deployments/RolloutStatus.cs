using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.Deployments;

/// <summary>A deployment's status from its ReplicaSets'. Pure.</summary>
internal static class RolloutStatus
{
    /// <param name="deployment">The deployment, with the status last written.</param>
    /// <param name="newest">The ReplicaSet of its current template, if there is one yet.</param>
    /// <param name="created">Whether that one was created in this pass.</param>
    /// <param name="old">The others.</param>
    /// <param name="now">The time.</param>
    /// <param name="deadline">When an unfinished rollout will count as stuck; null when none is under way.</param>
    public static DeploymentStatus Of(
        Deployment deployment, ReplicaSet? newest, bool created, IReadOnlyList<ReplicaSet> old, DateTimeOffset now, out DateTimeOffset? deadline)
    {
        ReplicaSet[] all = newest is null ? [.. old] : [newest, .. old];
        var size = all.Sum(RolloutPlanner.Size);
        var available = all.Sum(set => set.Status.AvailableReplicas ?? 0);
        var status = deployment.Status with
        {
            ObservedGeneration = deployment.Metadata.Generation,
            Replicas = NonZero(all.Sum(set => set.Status.Replicas)),
            UpdatedReplicas = NonZero(newest?.Status.Replicas ?? 0),
            ReadyReplicas = NonZero(all.Sum(set => set.Status.ReadyReplicas ?? 0)),
            AvailableReplicas = NonZero(available),
            UnavailableReplicas = NonZero(Math.Max(0, size - available)),
        };

        var limits = RolloutLimits.Of(deployment);
        var enough = available >= limits.Replicas - limits.MaxUnavailable;
        var conditions = new List<DeploymentCondition>(deployment.Status.Conditions);
        Set(conditions, "Available", enough, enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
            enough ? "Deployment has minimum availability." : "Deployment does not have minimum availability.", now);
        deadline = Progress(deployment, status, newest, created, conditions, now);
        var failure = all.SelectMany(set => set.Status.Conditions).FirstOrDefault(
            condition => condition is { Type: "ReplicaFailure", Status: "True" });
        if (failure is not null)
        {
            Set(conditions, "ReplicaFailure", true, failure.Reason ?? "", failure.Message ?? "", now);
        }
        else
        {
            conditions.RemoveAll(condition => condition.Type == "ReplicaFailure");
        }

        return status with { Conditions = conditions };
    }

    /// <summary>The status of a deployment whose newest ReplicaSet could not be made.</summary>
    public static DeploymentStatus WithoutSet(Deployment deployment, string message, DateTimeOffset now)
    {
        if (deployment.Spec.ProgressDeadlineSeconds == int.MaxValue)
        {
            return deployment.Status;
        }

        var conditions = new List<DeploymentCondition>(deployment.Status.Conditions);
        Set(conditions, "Progressing", false, "ReplicaSetCreateError", message, now);
        return deployment.Status with { Conditions = conditions };
    }

    /// <summary>All pods wanted are of the newest template and available, and no other is left.</summary>
    public static bool IsComplete(Deployment deployment, DeploymentStatus status)
    {
        var replicas = deployment.Spec.Replicas ?? 1;
        return (status.UpdatedReplicas ?? 0) == replicas && (status.Replicas ?? 0) == replicas && (status.AvailableReplicas ?? 0) == replicas;
    }

    private static DateTimeOffset? Progress(
        Deployment deployment, DeploymentStatus status, ReplicaSet? newest, bool created, List<DeploymentCondition> conditions, DateTimeOffset now)
    {
        if (deployment.Spec.ProgressDeadlineSeconds == int.MaxValue)
        {
            // Nobody asks for progress.
            conditions.RemoveAll(condition => condition.Type == "Progressing");
            return null;
        }

        var current = conditions.Find(condition => condition.Type == "Progressing");
        if (deployment.Spec.Paused == true)
        {
            if (current?.Reason is not ("DeploymentPaused" or "ProgressDeadlineExceeded"))
            {
                Set(conditions, "Progressing", null, "DeploymentPaused", "Deployment is paused", now);
            }

            return null;
        }

        if (current is { Reason: "DeploymentPaused" })
        {
            Set(conditions, "Progressing", null, "DeploymentResumed", "Deployment is resumed", now);
            current = conditions.Find(condition => condition.Type == "Progressing");
        }

        // A pod that fails after the rollout has ended does not begin another.
        if (!created && current is { Reason: "NewReplicaSetAvailable" } && (status.Replicas ?? 0) == (status.UpdatedReplicas ?? 0))
        {
            return null;
        }

        var about = newest is null ? $"Deployment \"{deployment.Metadata.Name}\"" : $"ReplicaSet \"{newest.Metadata.Name}\"";
        if (IsComplete(deployment, status))
        {
            if (newest is not null)
            {
                Set(conditions, "Progressing", true, "NewReplicaSetAvailable", $"{about} has successfully progressed.", now);
            }

            return null;
        }

        if (created)
        {
            Set(conditions, "Progressing", true, "NewReplicaSetCreated", $"Created new replica set \"{newest!.Metadata.Name}\"", now);
            current = conditions.Find(condition => condition.Type == "Progressing");
        }
        else if (HasProgressed(deployment.Status, status) || current is null)
        {
            // Each step restarts the deadline's clock: the update time moves even where nothing else does.
            conditions.RemoveAll(condition => condition.Type == "Progressing");
            current = new DeploymentCondition
            {
                Type = "Progressing",
                Status = "True",
                Reason = "ReplicaSetUpdated",
                Message = $"{about} is progressing.",
                LastUpdateTime = now,
                LastTransitionTime = current is { Status: "True" } ? current.LastTransitionTime : now,
            };
            conditions.Add(current);
        }

        if (current!.Reason is "NewReplicaSetAvailable" or "ProgressDeadlineExceeded")
        {
            return null;
        }

        var deadline = (current.LastUpdateTime ?? now) + TimeSpan.FromSeconds(deployment.Spec.ProgressDeadlineSeconds ?? 600);
        if (deadline > now)
        {
            return deadline;
        }

        Set(conditions, "Progressing", false, "ProgressDeadlineExceeded", $"{about} has timed out progressing.", now);
        return null;
    }

    private static bool HasProgressed(DeploymentStatus before, DeploymentStatus after)
    {
        var (oldBefore, oldAfter) = ((before.Replicas ?? 0) - (before.UpdatedReplicas ?? 0), (after.Replicas ?? 0) - (after.UpdatedReplicas ?? 0));
        return (after.UpdatedReplicas ?? 0) > (before.UpdatedReplicas ?? 0)
            || oldAfter < oldBefore
            || (after.ReadyReplicas ?? 0) > (before.ReadyReplicas ?? 0)
            || (after.AvailableReplicas ?? 0) > (before.AvailableReplicas ?? 0);
    }

    private static void Set(List<DeploymentCondition> conditions, string type, bool? state, string reason, string message, DateTimeOffset now)
    {
        var status = state switch { true => "True", false => "False", null => "Unknown" };
        var current = conditions.Find(condition => condition.Type == type);
        if (current is not null && current.Status == status && current.Reason == reason)
        {
            return;
        }

        conditions.RemoveAll(condition => condition.Type == type);
        conditions.Add(new DeploymentCondition
        {
            Type = type,
            Status = status,
            Reason = reason,
            Message = message,
            LastUpdateTime = now,
            LastTransitionTime = current?.Status == status ? current.LastTransitionTime : now,
        });
    }

    /// <summary>The API leaves zero counts out.</summary>
    private static int? NonZero(int count) => count == 0 ? null : count;
}
