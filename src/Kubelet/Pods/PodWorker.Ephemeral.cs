using Dataplane.Api;
using Dataplane.Kubelet.Runtimes;

namespace Dataplane.Kubelet.Pods;

/// <summary>Ephemeral containers: what <c>kubectl debug</c> adds to a pod that runs (KEP-277).</summary>
internal sealed partial class PodWorker
{
    /// <summary>Nobody saw the end of a container that did run.</summary>
    private const string LostReason = "ContainerStatusUnknown";
    private const string LostMessage = "The container could not be located when the pod was terminated";

    /// <summary>They are only ever added.</summary>
    private void AddEphemeral(Pod pod) => _containers.AddRange(
        pod.Spec.EphemeralContainers.Where(container => !_containers.Exists(one => one.Name == container.Name))
            .Select(container => new ContainerRunState(container, isInit: false) { IsEphemeral = true }));

    /// <summary>Before init containers: a pod that does not get past these is looked into as well.</summary>
    private async Task StartEphemeralAsync(CancellationToken cancellation)
    {
        foreach (var run in _containers.Where(one => one is { IsEphemeral: true, Running: null } && one.IsWanted(Policy)))
        {
            await StartAsync(run, cancellation);
        }
    }

    private IRunningContainer? RunningOf(string container) => RunOf(container) is { Exit.IsCompleted: false } running ? running : null;

    /// <summary>One that an earlier agent started is never started again, also when it is gone without a trace.</summary>
    private static ContainerRunState KnownEphemeral(Container container, List<ContainerStatus> before, TimeProvider time)
    {
        var run = new ContainerRunState(container, isInit: false) { IsEphemeral = true };
        if (before.Find(status => status.Name == container.Name) is not { State: { } state } known || (state.Running ?? (object?)state.Terminated) is null)
        {
            return run;
        }

        run.Attempts = 1;
        run.ImageName = known.Image;
        run.ImageID = known.ImageID;
        run.Terminated = state.Terminated ?? new ContainerStateTerminated
        {
            ExitCode = ContainerExit.UnknownCode,
            Reason = LostReason,
            Message = LostMessage,
            StartedAt = state.Running!.StartedAt,
            FinishedAt = time.GetUtcNow(),
            ContainerID = known.ContainerID,
        };
        return run;
    }
}
