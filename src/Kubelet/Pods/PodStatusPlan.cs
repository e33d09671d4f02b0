using Dataplane.Api;

namespace Dataplane.Kubelet.Pods;

/// <summary>A pod's status from what its worker knows: pure, so that the phases and conditions can be tested by a table.</summary>
internal static class PodStatusPlan
{
    /// <param name="pod">The pod as the server knows it.</param>
    /// <param name="containers">All of it, init containers first and ephemeral ones last.</param>
    /// <param name="sandboxReady">Whether the pod's namespaces exist and have their network.</param>
    /// <param name="podIPs">The primary one first; empty while it has none.</param>
    /// <param name="hostIPs">The node's, likewise.</param>
    internal static PodStatus Build(
        Pod pod, IReadOnlyList<ContainerRunState> containers, bool sandboxReady, IReadOnlyList<string> podIPs, IReadOnlyList<string> hostIPs, DateTimeOffset? startTime,
        PodFailure? failure, DateTimeOffset now, bool isTerminal = false)
    {
        var policy = pod.Spec.RestartPolicy ?? "Always";
        var inits = containers.Where(one => one.IsInit).ToArray();
        var mains = containers.Where(one => one.IsMain).ToArray();
        var phase = Shown(isTerminal ? FinalPhase(containers) : Phase(policy, inits, mains), failure, containers);
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
            InitContainerStatuses = [.. inits.Select(one => ContainerStatusPlan.Of(one, inits.Length > 0))],
            ContainerStatuses = [.. mains.Select(one => ContainerStatusPlan.Of(one, inits.Length > 0))],
            EphemeralContainerStatuses = [.. containers.Where(one => one.IsEphemeral).Select(one => ContainerStatusPlan.Of(one, inits.Length > 0))],
            QOSClass = pod.Status.QOSClass ?? QualityOfService(pod.Spec),
        };
        return status with { Conditions = PodConditions.Of(pod, status, inits, phase, sandboxReady, failure, now) };
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

    internal static bool IsInitialized(ContainerRunState init) => init.IsSidecar ? init is { Running: not null, Started: true, IsHooked: false } : init.Succeeded;

    /// <summary>A pod that is deleted ends as one or the other, whatever its policy would have had follow.</summary>
    private static string FinalPhase(IReadOnlyList<ContainerRunState> containers) =>
        containers.All(one => one.IsSidecar || one.IsEphemeral || one.Succeeded) ? "Succeeded" : "Failed";

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

        return phase is "Pending" || !containers.Any(one => one.IsMain && one.HasRun) ? "Pending" : "Running";
    }

    /// <summary>By processor and memory alone; an amount of nothing is no amount (pkg/apis/core/v1/helper/qos).</summary>
    internal static string QualityOfService(PodSpec spec)
    {
        var all = spec.Containers.Concat(spec.InitContainers).Select(one => one.Resources).ToArray();
        if (!all.Any(one => IsSet(one.Requests, "cpu") || IsSet(one.Requests, "memory") || IsSet(one.Limits, "cpu") || IsSet(one.Limits, "memory")))
        {
            return "BestEffort";
        }

        var guaranteed = all.All(one => new[] { "cpu", "memory" }.All(name =>
            IsSet(one.Limits, name) && (!one.Requests.TryGetValue(name, out var request) || request == one.Limits[name])));
        return guaranteed ? "Guaranteed" : "Burstable";

        static bool IsSet(Dictionary<string, Quantity> amounts, string name) => amounts.TryGetValue(name, out var amount) && amount.Value > 0;
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
