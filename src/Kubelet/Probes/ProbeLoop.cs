using Dataplane.Api;
using Dataplane.Kubelet.Runtimes;

namespace Dataplane.Kubelet.Probes;

internal enum ProbeKind
{
    Startup,
    Readiness,
    Liveness,
}

/// <summary>Repeats one probe of one run of a container and reports when its verdict changes.</summary>
internal static class ProbeLoop
{
    private const int DefaultPeriod = 10;
    private const int DefaultFailures = 3;

    /// <param name="verdict">Called with null once the probe holds and with the reason once it fails; again only when that changes.</param>
    /// <param name="failed">Called for every single failure.</param>
    internal static async Task RunAsync(
        Probe probe, ProbeKind kind, Container container, IRunningContainer running, string podIP, ProbeRunner runner, TimeProvider time,
        Action<string?> verdict, Action<string> failed, CancellationToken cancellation)
    {
        var (successes, failures, holds) = (0, 0, (bool?)(kind == ProbeKind.Liveness ? true : kind == ProbeKind.Readiness ? false : null));
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(probe.InitialDelaySeconds ?? 0), time, cancellation);
            using var timer = new PeriodicTimer(TimeSpan.FromSeconds(Math.Max(1, probe.PeriodSeconds ?? DefaultPeriod)), time);
            do
            {
                var problem = await runner.RunAsync(probe, container, running, podIP, cancellation);
                (successes, failures) = problem is null ? (successes + 1, 0) : (0, failures + 1);
                if (problem is not null)
                {
                    failed(problem);
                }

                if (problem is null && successes >= (probe.SuccessThreshold ?? 1) && holds != true)
                {
                    holds = true;
                    verdict(null);
                }
                else if (problem is not null && failures >= (probe.FailureThreshold ?? DefaultFailures) && (holds != false || kind == ProbeKind.Liveness))
                {
                    holds = false;
                    verdict(problem);
                }

                if (kind == ProbeKind.Startup && holds == true)
                {
                    return;
                }
            }
            while (await timer.WaitForNextTickAsync(cancellation));
        }
        catch (OperationCanceledException)
        {
            // The run it watched has ended.
        }
    }
}
