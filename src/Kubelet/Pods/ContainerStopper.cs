using Dataplane.Api;
using Dataplane.Kubelet.Runtimes;

namespace Dataplane.Kubelet.Pods;

/// <summary>Ends containers: preStop hook, TERM, and KILL when the grace period is over.</summary>
internal sealed class ContainerStopper(PodServices services)
{
    private const int SIGKILL = 9;
    private const int SIGTERM = 15;

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
    internal void KillOverdue(ContainerRunState run)
    {
        if (run is { Running: { } running, Killed: false, KillAt: { } time } && time <= services.Time.GetUtcNow())
        {
            run.Killed = true;
            running.Signal(SIGKILL);
        }
    }

    /// <summary>Nobody awaits this: whatever the hook does, TERM follows, and what fails is told by an event or the log.</summary>
    private async Task TerminateAsync(Pod pod, Container container, IRunningContainer running, TimeSpan grace, string podIP)
    {
        try
        {
            if (container.Lifecycle?.PreStop is { } hook && grace > TimeSpan.Zero
                && await TryHookAsync(hook, container, running, grace, podIP) is { } problem)
            {
                services.Events.Warning(pod, container.Name, "FailedPreStopHook", $"PreStopHook failed: {problem}");
            }

            running.Signal(SIGTERM);
        }
        catch (Exception failure)
        {
            Log.PodProblem(services.Logger, NamespacedName.Of(pod).ToString(), $"stopping container {container.Name}: {failure.Message}");
        }
    }

    /// <returns>Null for success, else why not.</returns>
    private async Task<string?> TryHookAsync(
        LifecycleHandler hook, Container container, IRunningContainer running, TimeSpan grace, string podIP)
    {
        using var limit = new CancellationTokenSource(grace, services.Time);
        try
        {
            return await RunHookAsync(hook, container, running, podIP, limit.Token);
        }
        catch (OperationCanceledException)
        {
            return "the grace period is over";
        }
        catch (Exception failure)
        {
            return failure.Message;
        }
    }

    private async Task<string?> RunHookAsync(
        LifecycleHandler hook, Container container, IRunningContainer running, string podIP, CancellationToken cancellation)
    {
        switch (hook)
        {
            case { Exec: { } exec }:
                try
                {
                    var result = await running.ExecuteAsync(exec.Command, cancellation);
                    return result.Status.Code == 0 ? null : $"command exited with {result.Status.Code}: {result.Output}";
                }
                catch (ContainerStartException failure)
                {
                    return failure.Message;
                }

            case { HTTPGet: { } get }:
                return await services.Probes.GetAsync(get, container, podIP, cancellation);
            case { Sleep: { } sleep }:
                await Task.Delay(TimeSpan.FromSeconds(sleep.Seconds), services.Time, cancellation);
                return null;
            default:
                return null;
        }
    }
}
