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

    /// <param name="probe">The probe.</param>
    /// <param name="kind">What it decides.</param>
    /// <param name="running">The run it watches; the initial delay counts from its start.</param>
    /// <param name="attempt">Makes one try.</param>
    /// <param name="time">The clock.</param>
    /// <param name="verdict">Called with true once the probe holds and with false once it fails; again only when that changes.</param>
    /// <param name="tried">Called for every single try.</param>
    /// <param name="cancellation">Ends it.</param>
    internal static async Task RunAsync(
        Probe probe, ProbeKind kind, IRunningContainer running, Func<CancellationToken, Task<ProbeOutcome>> attempt, TimeProvider time,
        Action<bool> verdict, Action<ProbeOutcome> tried, CancellationToken cancellation)
    {
        var (successes, failures) = (0, 0);
        bool? holds = kind == ProbeKind.Liveness ? true : kind == ProbeKind.Readiness ? false : null;
        try
        {
            var wait = running.StartedAt.AddSeconds(probe.InitialDelaySeconds ?? 0) - time.GetUtcNow();
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, time, cancellation);
            }

            using var timer = new PeriodicTimer(TimeSpan.FromSeconds(Math.Max(1, probe.PeriodSeconds ?? DefaultPeriod)), time);
            do
            {
                var outcome = await attempt(cancellation);
                tried(outcome);
                if (outcome.Result == ProbeResult.Unknown)
                {
                    continue;
                }

                var succeeded = outcome.Result != ProbeResult.Failure;
                (successes, failures) = succeeded ? (successes + 1, 0) : (0, failures + 1);
                if (succeeded && successes >= (probe.SuccessThreshold ?? 1) && holds != true)
                {
                    holds = true;
                    verdict(true);
                }
                else if (!succeeded && failures >= (probe.FailureThreshold ?? DefaultFailures) && (holds != false || kind == ProbeKind.Liveness))
                {
                    holds = false;
                    verdict(false);
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
