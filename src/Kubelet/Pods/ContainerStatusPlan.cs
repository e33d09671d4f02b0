using Dataplane.Api;

namespace Dataplane.Kubelet.Pods;

/// <summary>One container's status.</summary>
internal static class ContainerStatusPlan
{
    /// <param name="run">The container.</param>
    /// <param name="hasInits">Whether its pod has init containers: until a container's turn has come it waits for them.</param>
    internal static ContainerStatus Of(ContainerRunState run, bool hasInits)
    {
        var running = run.Running;
        return new ContainerStatus
        {
            Name = run.Name,
            Image = run.ImageName ?? run.Container.Image ?? "",
            ImageID = run.HasRun ? run.ImageID ?? run.ImageName ?? run.Container.Image ?? "" : "",
            ContainerID = running is not null ? run.ContainerID : run.Terminated?.ContainerID,
            RestartCount = Math.Max(0, run.Attempts - 1),
            Ready = !run.IsEphemeral && (run.IsInit && !run.IsSidecar ? run.Succeeded : running is not null && run is { Started: true, Ready: true, IsHooked: false }),
            AllocatedResources = IsShown(run) ? run.Allocated.Requests : [],
            Resources = IsShown(run) ? run.Applied with { Others = null } : null,
            Started = run.IsEphemeral ? null : running is not null && run is { Started: true, IsHooked: false },
            State = running is not null ? new ContainerState { Running = new ContainerStateRunning { StartedAt = running.StartedAt } }
                : run.Waiting is not null ? new ContainerState { Waiting = run.Waiting }
                : run.Terminated is not null ? new ContainerState { Terminated = run.Terminated }
                : new ContainerState { Waiting = new ContainerStateWaiting { Reason = hasInits ? "PodInitializing" : "ContainerCreating" } },
            LastState = running is null && run.Waiting is not null && run.Terminated is not null
                ? new ContainerState { Terminated = run.Terminated }
                : run.Previous is not null ? new ContainerState { Terminated = run.Previous } : new ContainerState(),
        };
    }

    /// <summary>Whether it has something that can be resized.</summary>
    private static bool IsShown(ContainerRunState run) => run is { Running: not null, IsEphemeral: false } && run.Applied.Limits.Count + run.Applied.Requests.Count > 0;
}
