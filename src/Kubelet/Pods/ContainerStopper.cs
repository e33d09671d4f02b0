using Dataplane.Api;
using Dataplane.Kubelet.Runtimes;

namespace Dataplane.Kubelet.Pods;

/// <summary>Ends containers: preStop hook, TERM, and KILL when the grace period is over.</summary>
internal sealed class ContainerStopper(PodServices services)
{
    /// <summary>A container is given a moment even when its hook has used up all of its time (upstream's minimumGracePeriodInSeconds).</summary>
    private static readonly TimeSpan LeastGrace = TimeSpan.FromSeconds(2);

    private readonly LifecycleHooks _hooks = new(services.Probes, services.Time);

    /// <summary>Asks a container to end. A second request only shortens its time.</summary>
    internal void Stop(Pod pod, ContainerRunState run, TimeSpan grace, string message, string podIP)
    {
        if (run.Running is not { } running)
        {
            return;
        }

        var killAt = services.Time.GetUtcNow() + grace;
        if (run.KillAt is { } asked)
        {
            run.KillAt = asked < killAt ? asked : killAt;
            return;
        }

        run.KillAt = killAt;
        run.Probes?.Cancel();
        services.Events.Normal(pod, run.Name, "Killing", message);
        _ = TerminateAsync(pod, run.Container, running, grace, podIP);
    }

    /// <summary>Kills what has had its time.</summary>
    internal void KillOverdue(Pod pod, ContainerRunState run)
    {
        if (run is { Running: { } running, Killed: false, KillAt: { } time } && time <= services.Time.GetUtcNow())
        {
            run.Killed = true;
            _ = ToldAsync(pod, run.Name, running.KillAsync);
        }
    }

    /// <summary>Nobody awaits this: whatever the hook does, TERM follows, and what fails is told by an event or the log.</summary>
    private Task TerminateAsync(Pod pod, Container container, IRunningContainer running, TimeSpan grace, string podIP) => ToldAsync(pod, container.Name, async () =>
    {
        var began = services.Time.GetTimestamp();
        if (container.Lifecycle?.PreStop is { } hook && grace > TimeSpan.Zero
            && await _hooks.TryAsync(hook, container, running, podIP, grace) is { } problem)
        {
            services.Events.Warning(pod, container.Name, "FailedPreStopHook", $"PreStopHook failed: {problem}");
        }

        var left = grace - services.Time.GetElapsedTime(began);
        await running.TerminateAsync(left > LeastGrace ? left : LeastGrace);
    });

    private async Task ToldAsync(Pod pod, string container, Func<Task> stop)
    {
        try
        {
            await stop();
        }
        catch (Exception failure)
        {
            Log.PodProblem(services.Logger, NamespacedName.Of(pod).ToString(), $"stopping container {container}: {failure.Message}");
        }
    }
}
