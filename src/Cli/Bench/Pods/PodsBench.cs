using Microsoft.Extensions.Logging;

namespace Dataplane.Cli.Bench.Pods;

/// <summary>What a pod costs its node: its network beside the reference plugins of CNI, its start among many, and what is left of it.</summary>
internal sealed class PodsBench(PodsBenchPlan plan, BenchReport report, ILoggerFactory loggers)
{
    internal async Task RunAsync(CancellationToken cancellation)
    {
        if (plan.Cases.Contains("network"))
        {
            await new NetworkComparison(plan, report).RunAsync(cancellation);
        }

        if (!plan.Cases.Contains("burst") && !plan.Cases.Contains("cycles"))
        {
            return;
        }

        await using var site = await KubeletSite.StartAsync(plan, loggers, cancellation);
        if (plan.Cases.Contains("burst"))
        {
            await new PodBurst(site, plan, report).RunAsync(cancellation);
        }

        if (plan.Cases.Contains("cycles"))
        {
            await new PodCycles(site, plan, report).RunAsync(cancellation);
        }
    }
}
