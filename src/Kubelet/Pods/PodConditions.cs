using Dataplane.Api;

namespace Dataplane.Kubelet.Pods;

/// <summary>The conditions that the agent keeps; others of the pod are their writers' own. Reasons and words are upstream's (pkg/kubelet/status/generate.go).</summary>
internal static class PodConditions
{
    /// <summary>Types whose value is the agent's to say.</summary>
    internal static readonly IReadOnlySet<string> Own = new HashSet<string>(StringComparer.Ordinal)
    {
        "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled", "DisruptionTarget",
        "PodResizePending", "PodResizeInProgress",
    };

    /// <summary>Those of them that are there only while they hold.</summary>
    internal static readonly IReadOnlyList<string> Passing = ["PodResizePending", "PodResizeInProgress"];

    internal static List<PodCondition> Of(
        Pod pod, PodStatus status, IReadOnlyList<ContainerRunState> inits, string phase, bool sandboxReady, PodFailure? failure, DateTimeOffset now)
    {
        var completed = phase is "Succeeded" or "Failed";
        var sidecars = inits.Where(one => one.IsSidecar).Select(one => one.Name).ToHashSet(StringComparer.Ordinal);
        var unready = status.InitContainerStatuses.Where(one => !one.Ready && sidecars.Contains(one.Name))
            .Concat(status.ContainerStatuses.Where(one => !one.Ready))
            .Select(one => one.Name).ToArray();
        var begun = status.ContainerStatuses.Exists(one => one.ContainerID is not null);
        var uninitialized = inits.Where(one => !PodStatusPlan.IsInitialized(one) && !(one.IsSidecar && (completed || begun))).Select(one => one.Name).ToArray();
        var containersReady = completed ? Condition("ContainersReady", false, phase == "Succeeded" ? "PodCompleted" : "PodFailed", null)
            : unready.Length > 0 ? Condition("ContainersReady", false, "ContainersNotReady", $"containers with unready status: [{string.Join(' ', unready)}]")
            : Condition("ContainersReady", true, null, null);
        var conditions = new List<PodCondition>
        {
            Condition("PodReadyToStartContainers", sandboxReady, null, null),
            uninitialized.Length > 0
                ? Condition("Initialized", false, "ContainersNotInitialized", $"containers with incomplete status: [{string.Join(' ', uninitialized)}]")
                : Condition("Initialized", true, phase == "Succeeded" ? "PodCompleted" : null, null),
            Ready(pod, containersReady),
            containersReady,
            Condition("PodScheduled", true, null, null),
        };
        if (failure is { IsDisruption: true })
        {
            conditions.Add(Condition("DisruptionTarget", true, "TerminationByKubelet", failure.Message));
        }

        return [.. conditions.Select(one => KeepTransition(one, pod.Status.Conditions, now))];
    }

    /// <summary>All containers are, and so is what the pod's readiness gates name.</summary>
    private static PodCondition Ready(Pod pod, PodCondition containersReady)
    {
        if (containersReady.Status != "True")
        {
            return containersReady with { Type = "Ready" };
        }

        var problems = new List<string>();
        foreach (var gate in pod.Spec.ReadinessGates.Select(gate => gate.ConditionType))
        {
            var named = pod.Status.Conditions.Find(one => one.Type == gate);
            if (named is null)
            {
                problems.Add($"corresponding condition of pod readiness gate \"{gate}\" does not exist.");
            }
            else if (named.Status != "True")
            {
                problems.Add($"the status of pod readiness gate \"{gate}\" is not \"True\", but {named.Status}");
            }
        }

        return problems.Count == 0 ? Condition("Ready", true, null, null) : Condition("Ready", false, "ReadinessGatesNotReady", string.Join(", ", problems));
    }

    private static PodCondition Condition(string type, bool holds, string? reason, string? message) =>
        new() { Type = type, Status = holds ? "True" : "False", Reason = reason, Message = message };

    private static PodCondition KeepTransition(PodCondition condition, List<PodCondition> before, DateTimeOffset now) =>
        condition with { LastTransitionTime = before.Find(one => one.Type == condition.Type) is { } old && old.Status == condition.Status ? old.LastTransitionTime ?? now : now };
}
