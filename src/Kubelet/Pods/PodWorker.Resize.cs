using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Kubelet.Runtimes;

namespace Dataplane.Kubelet.Pods;

/// <summary>
/// Other resources for containers that run (KEP-1287): first the node sets them aside, if it has them, then the containers get them.
/// Conditions, reasons and words are those of upstream's release 1.33.
/// </summary>
internal sealed partial class PodWorker
{
    private static readonly TimeSpan ResizeRetry = TimeSpan.FromSeconds(10);

    private List<PodCondition> _resizing = [];
    private DateTimeOffset? _resizeRetryAt;

    private async Task ResizeAsync(CancellationToken cancellation)
    {
        if (_resizeRetryAt > _passTime)
        {
            return;
        }

        _resizeRetryAt = null;
        var pending = Allocate();
        var failed = false;
        string? problem = null;
        foreach (var run in _containers.Where(one => one is { Running: not null, IsEphemeral: false, IsOutdated: false, KillAt: null }))
        {
            if (!ResourceAmounts.AreSame(run.Applied, run.Allocated) && await ApplyAsync(run, run.Running!, cancellation) is { } refusal)
            {
                failed = true;
                problem ??= refusal;
            }
        }

        _resizeRetryAt = failed || pending is { Reason: "Deferred" } ? _passTime + ResizeRetry : null;
        var inProgress = failed ? Condition("PodResizeInProgress", "Error", problem) : null;
        _resizing = [.. new[] { pending, inProgress }.OfType<PodCondition>()];
    }

    /// <summary>All of the pod's wishes or none.</summary>
    /// <returns>Why they have to wait, or cannot be met.</returns>
    private PodCondition? Allocate()
    {
        if (_containers.TrueForAll(one => one.IsEphemeral || ResourceAmounts.AreSame(one.Container.Resources, one.Allocated)))
        {
            return null;
        }

        if (_services.Admission.RefuseResize(_pod, _services.Allocatable) is { } refusal)
        {
            return Condition("PodResizePending", refusal.Reason, refusal.Message);
        }

        _containers.ForEach(run => run.Allocated = run.Container.Resources);
        return null;
    }

    /// <returns>Why it has not what was set aside for it; null when it has, or is ended to be started with it.</returns>
    private async Task<string?> ApplyAsync(ContainerRunState run, IRunningContainer running, CancellationToken cancellation)
    {
        if (run.Container.ResizePolicy.Exists(one =>
            one.RestartPolicy == "RestartContainer" && !ResourceAmounts.AreSame(run.Applied, run.Allocated, one.ResourceName)))
        {
            run.MustRestart();
            _stopper.Stop(_pod, run, Grace, $"Container {run.Name} resize requires restart", PodIP);
            return null;
        }

        try
        {
            await running.ResizeAsync(_starter.LimitsOf(_pod, run), cancellation);
            run.Applied = run.Allocated;
            return null;
        }
        catch (IOException refusal)
        {
            Log.PodProblem(_services.Logger, NamespacedName.Of(_pod).ToString(), $"resizing container {run.Name}: {refusal.Message}");
            return refusal.Message;
        }
    }

    private PodCondition Condition(string type, string reason, string? message)
    {
        var before = _resizing.Find(one => one.Type == type);
        return new PodCondition { Type = type, Status = "True", Reason = reason, Message = message, LastTransitionTime = before?.LastTransitionTime ?? _passTime };
    }
}
