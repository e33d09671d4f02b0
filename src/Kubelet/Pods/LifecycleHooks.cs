using Dataplane.Api;
using Dataplane.Kubelet.Probes;
using Dataplane.Kubelet.Runtimes;

namespace Dataplane.Kubelet.Pods;

/// <summary>Carries out postStart and preStop.</summary>
internal sealed class LifecycleHooks(ProbeRunner probes, TimeProvider time)
{
    /// <param name="limit">Null for none.</param>
    /// <returns>Null for success, else why not.</returns>
    internal async Task<string?> TryAsync(LifecycleHandler hook, Container container, IRunningContainer running, string podIP, TimeSpan? limit)
    {
        using var expiry = new CancellationTokenSource(limit ?? Timeout.InfiniteTimeSpan, time);
        try
        {
            return await RunAsync(hook, container, running, podIP, expiry.Token);
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

    private async Task<string?> RunAsync(
        LifecycleHandler hook, Container container, IRunningContainer running, string podIP, CancellationToken cancellation)
    {
        switch (hook)
        {
            case { Exec: { } exec }:
                try
                {
                    var result = await running.ExecuteAsync(exec.Command, cancellation);
                    return result.ExitCode == 0 ? null : $"command '{string.Join(' ', exec.Command)}' exited with {result.ExitCode}: {result.Output}";
                }
                catch (ContainerStartException failure)
                {
                    return failure.Message;
                }

            case { HTTPGet: { } get }:
                return await probes.GetAsync(get, container, podIP, cancellation);
            case { Sleep: { } sleep }:
                await Task.Delay(TimeSpan.FromSeconds(sleep.Seconds), time, cancellation);
                return null;
            default:
                return null;
        }
    }
}
