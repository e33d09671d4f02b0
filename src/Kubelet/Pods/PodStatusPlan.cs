using Dataplane.Api;

namespace Dataplane.Kubelet.Pods;

/// <summary>A pod's status from what its worker knows: pure, so that the phases and conditions can be tested by a table.</summary>
internal static class PodStatusPlan
{
    /// <param name="sandboxReady">Whether the pod's namespaces exist and have their network.</param>
    /// <param name="podIPs">The primary one first; empty while it has none.</param>
    /// <param name="hostIPs">The node's, likewise.</param>
    internal static PodStatus Build(
        Pod pod, IReadOnlyList<ContainerRunState> containers, bool sandboxReady, IReadOnlyList<string> podIPs, IReadOnlyList<string> hostIPs, DateTimeOffset? startTime,
        PodFailure? failure, DateTimeOffset now)
    {
        var policy = pod.Spec.RestartPolicy ?? "Always";
        var inits = containers.Where(one => one.IsInit).ToArray();
        var mains = containers.Where(one => !one.IsInit).ToArray();
        var phase = Shown(Phase(policy, inits, mains), failure, containers);
        var status = new PodStatus
        {
            Phase = phase,
            Reason = phase == "Failed" ? failure?.Reason : null,
            Message = phase == "Failed" ? failure?.Message : null,
            HostIP = hostIPs.FirstOrDefault(),
            HostIPs = [.. hostIPs.Select(ip => new HostIP { IP = ip })],
            PodIP = podIPs.FirstOrDefault(),
            PodIPs = [.. podIPs.Select(ip => new PodIP { IP = ip })],
            StartTime = startTime,
            InitContainerStatuses = [.. inits.Select(one => ContainerStatusPlan.Of(one, sandboxReady))],
            ContainerStatuses = [.. mains.Select(one => ContainerStatusPlan.Of(one, sandboxReady))],
            QOSClass = pod.Status.QOSClass ?? QualityOfService(pod.Spec),
        };
        return status with { Conditions = Conditions(pod, status, inits, phase, sandboxReady, failure, now) };
    }

    internal static string Phase(string policy, IReadOnlyList<ContainerRunState> inits, IReadOnlyList<ContainerRunState> mains)
    {
        foreach (var init in inits)
        {
            if (init.Terminated is { ExitCode: not 0 } && policy == "Never" && !init.IsSidecar)
            {
                return "Failed";
            }

            // A sidecar that ended after the others began does not undo the pod's initialization.
            if (!IsInitialized(init) && !(init.IsSidecar && mains.Any(one => one.HasRun)))
            {
                return "Pending";
            }
        }

        if (mains.Any(one => !one.HasRun))
        {
            return "Pending";
        }

        return mains.Any(one => one.Running is not null || one.IsWanted(policy)) ? "Running"
            : mains.All(one => one.Succeeded) ? "Succeeded"
            : "Failed";
    }

    internal static bool IsInitialized(ContainerRunState init) => init.IsSidecar ? init is { Running: not null, Started: true } : init.Succeeded;

    /// <summary>
    /// A pod is not over while a container of it runs, be it a sidecar or one that is being killed: whoever sees Succeeded or Failed
    /// may give its place to another (kubernetes, pkg/kubelet/status, mergePodStatus).
    /// </summary>
    private static string Shown(string phase, PodFailure? failure, IReadOnlyList<ContainerRunState> containers)
    {
        if (!containers.Any(one => one.Running is not null))
        {
            return failure is null ? phase : "Failed";
        }

        return phase is "Pending" || !containers.Any(one => !one.IsInit && one.HasRun) ? "Pending" : "Running";
    }

    private static List<PodCondition> Conditions(
        Pod pod, PodStatus status, IReadOnlyList<ContainerRunState> inits, string phase, bool sandboxReady, PodFailure? failure, DateTimeOffset now)
    {
        var completed = phase is "Succeeded" or "Failed";
        var unready = status.ContainerStatuses.Where(one => !one.Ready)
            .Concat(status.InitContainerStatuses.Where(one => !one.Ready && inits.Any(init => init.Name == one.Name && init.IsSidecar)))
            .Select(one => one.Name).ToArray();
        var uninitialized = inits.Where(one => !IsInitialized(one) && !(completed && one.IsSidecar)).Select(one => one.Name).ToArray();
        var ready = completed ? Condition("", false, phase == "Succeeded" ? "PodCompleted" : "PodFailed", null)
            : unready.Length > 0 ? Condition("", false, "ContainersNotReady", $"containers with unready status: [{string.Join(' ', unready)}]")
            : Condition("", true, null, null);
        var conditions = new List<PodCondition>
        {
            Condition("PodReadyToStartContainers", sandboxReady, null, null),
            uninitialized.Length > 0
                ? Condition("Initialized", false, "ContainersNotInitialized", $"containers with incomplete status: [{string.Join(' ', uninitialized)}]")
                : Condition("Initialized", true, phase == "Succeeded" ? "PodCompleted" : null, null),
            ready with { Type = "Ready" },
            ready with { Type = "ContainersReady" },
        };

        if (failure is { IsDisruption: true })
        {
            conditions.Add(Condition("DisruptionTarget", true, "TerminationByKubelet", failure.Message));
        }

        // Others' conditions stay as they are; the scheduler's is made up for pods that came with a node name.
        conditions.AddRange(pod.Status.Conditions.Where(other => !conditions.Exists(own => own.Type == other.Type)));
        if (!conditions.Exists(one => one.Type == "PodScheduled"))
        {
            conditions.Add(Condition("PodScheduled", true, null, null));
        }

        return [.. conditions.Select(one => KeepTransition(one, pod.Status.Conditions, now))];
    }

    private static PodCondition Condition(string type, bool holds, string? reason, string? message) =>
        new() { Type = type, Status = holds ? "True" : "False", Reason = reason, Message = message };

    private static PodCondition KeepTransition(PodCondition condition, List<PodCondition> before, DateTimeOffset now)
    {
        var old = before.Find(one => one.Type == condition.Type);
        var since = old?.Status == condition.Status ? old.LastTransitionTime : condition.LastTransitionTime ?? now;
        return condition with { LastTransitionTime = since ?? now };
    }

    private static string QualityOfService(PodSpec spec)
    {
        var all = spec.Containers.Concat(spec.InitContainers).Select(one => one.Resources).ToArray();
        if (all.All(one => one.Limits.Count == 0 && one.Requests.Count == 0))
        {
            return "BestEffort";
        }

        var guaranteed = all.All(one => new[] { "cpu", "memory" }.All(name =>
            one.Limits.TryGetValue(name, out var limit) && (!one.Requests.TryGetValue(name, out var request) || request == limit)));
        return guaranteed ? "Guaranteed" : "Burstable";
    }
}

/// <summary>The pod as a whole failed, for a reason that is not a container's.</summary>
internal sealed record PodFailure(string Reason, string Message)
{
    /// <summary>How long its containers have to end; null for as long as the pod says.</summary>
    internal TimeSpan? Grace { get; init; }

    /// <summary>Whether it is the node's doing, which a Job may choose not to count.</summary>
    internal bool IsDisruption { get; init; }
}
