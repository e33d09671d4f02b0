using Dataplane.Api;
using Dataplane.Kubelet.Runtimes;

namespace Dataplane.Kubelet.Pods;

/// <summary>What the pod's worker knows of one container. Touched by the worker's loop only.</summary>
internal sealed class ContainerRunState(Container container, bool isInit)
{
    /// <summary>As the pod says now: its image may change.</summary>
    internal Container Container { get; private set; } = container;

    /// <summary>It runs, or ran, not as the pod says now: it is started anew whatever the policy.</summary>
    internal bool IsOutdated { get; private set; }

    /// <summary>What the node has set aside for it, and what it is started with; the pod may ask for something else by now.</summary>
    internal ResourceRequirements Allocated { get; set; } = container.Resources;

    /// <summary>What it runs with.</summary>
    internal ResourceRequirements Applied { get; set; } = container.Resources;

    internal string Name => Container.Name;

    internal bool IsInit { get; } = isInit;

    /// <summary>One that was added to look into a pod that runs: started once, and of no account for the pod's own state (KEP-277).</summary>
    internal bool IsEphemeral { get; init; }

    /// <summary>Neither an init container nor an ephemeral one.</summary>
    internal bool IsMain => !IsInit && !IsEphemeral;

    /// <summary>An init container that keeps running beside the others (KEP-753).</summary>
    internal bool IsSidecar => IsInit && Container.RestartPolicy == "Always";

    internal IRunningContainer? Running { get; set; }

    /// <summary>The end of the last run; null before the first end and while running.</summary>
    internal ContainerStateTerminated? Terminated { get; set; }

    /// <summary>The end of the run before.</summary>
    internal ContainerStateTerminated? Previous { get; set; }

    /// <summary>Why it is not running; <see cref="Terminated"/> counts when null.</summary>
    internal ContainerStateWaiting? Waiting { get; set; }

    /// <summary>How often it has been started; the number of the next run's log.</summary>
    internal int Attempts { get; set; }

    /// <summary>Not before this; null when nothing stands against starting.</summary>
    internal DateTimeOffset? RetryAt { get; set; }

    /// <summary>Until when a failed pull is shown as an error and not yet as a back-off.</summary>
    internal DateTimeOffset? ErrorShownUntil { get; set; }

    /// <summary>How long it waits now for its restart.</summary>
    internal TimeSpan BackOff { get; set; }

    internal RestartBackoff Restarts { get; } = new();

    internal RestartBackoff Pulls { get; } = new();

    /// <summary>Past its startup probe.</summary>
    internal bool Started { get; set; }

    /// <summary>Its postStart hook runs: until its end the container is neither started nor ready.</summary>
    internal bool IsHooked { get; set; }

    /// <summary>What the readiness probe says; true without one.</summary>
    internal bool Ready { get; set; }

    /// <summary>It has been asked to end and is killed at this time.</summary>
    internal DateTimeOffset? KillAt { get; set; }

    internal bool Killed { get; set; }

    internal CancellationTokenSource? Probes { get; set; }

    internal string? ImageName { get; set; }

    internal string? ImageID { get; set; }

    /// <summary>Of the last run, with the runtime's scheme.</summary>
    internal string? ContainerID { get; set; }

    internal bool Succeeded => Running is null && Terminated is { ExitCode: 0 };

    internal bool HasRun => Running is not null || Terminated is not null;

    /// <summary>Takes over what the pod says now.</summary>
    internal void Update(Container container)
    {
        if (container.Image != Container.Image)
        {
            // Another image is worth a try at once.
            IsOutdated = Running is not null;
            Pulls.Reset();
            RetryAt = Waiting?.Reason is "ErrImagePull" or "ImagePullBackOff" or "ErrImageNeverPull" or "InvalidImageName" ? null : RetryAt;
        }

        Container = container;
    }

    /// <summary>It has been started as the pod says now.</summary>
    internal void IsCurrent()
    {
        IsOutdated = false;
        Applied = Allocated;
    }

    /// <summary>It cannot become what the pod says now while it runs.</summary>
    internal void MustRestart() => IsOutdated = true;

    /// <summary>Whether it is to run now or again, by the pod's restart policy.</summary>
    internal bool IsWanted(string policy)
    {
        if (IsEphemeral)
        {
            return Attempts == 0 && Terminated is null;
        }

        if (Terminated is null || IsSidecar || IsOutdated)
        {
            return true;
        }

        // An init container that succeeded has done its work whatever the policy.
        return policy switch
        {
            "Never" => false,
            "OnFailure" => Terminated.ExitCode != 0,
            _ => !IsInit || Terminated.ExitCode != 0,
        };
    }
}
