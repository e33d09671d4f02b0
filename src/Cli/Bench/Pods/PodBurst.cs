using System.Diagnostics;
using Dataplane.Api;
using Dataplane.Api.Client;

namespace Dataplane.Cli.Bench.Pods;

/// <summary>Many pods created at once, until all are Ready; then what the kubelet needs to keep them.</summary>
internal sealed class PodBurst(KubeletSite site, PodsBenchPlan plan, BenchReport report)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(5);

    internal async Task RunAsync(CancellationToken cancellation)
    {
        var ready = new PodWatch(site.Client);
        await using (ready)
        {
            await ready.StartAsync(cancellation);
            var started = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, plan.Burst).Select(number => site.Client.CreateAsync(KubeletSite.Pod($"burst-{number}", probes: true), cancellation)));
            var times = await ready.WaitReadyAsync(plan.Burst, Limit, cancellation);
            report.Samples("burst", "dataplane", "pod created to Ready", "ms", [.. times.Select(time => Stopwatch.GetElapsedTime(started, time).TotalMilliseconds)]);
            report.Total("burst", "dataplane", "all created at once to all Ready", "ms", plan.Burst, Stopwatch.GetElapsedTime(started, times.Max()).TotalMilliseconds);

            await Task.Delay(Settle, cancellation);
            var (before, clock) = (site.ProcessorTime(), Stopwatch.GetTimestamp());
            await Task.Delay(plan.Idle, cancellation);
            var share = (site.ProcessorTime() - before) / Stopwatch.GetElapsedTime(clock);
            report.Total("idle", "dataplane", "kubelet, share of a core", "%", plan.Burst, share * 100);
            report.Total("idle", "dataplane", "kubelet, resident", "MB", plan.Burst, site.ResidentMegabytes());

            var deleting = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, plan.Burst).Select(number => DeleteAsync(site.Client, $"burst-{number}", cancellation)));
            await ready.WaitGoneAsync(Limit, cancellation);
            report.Total("burst", "dataplane", "all deleted at once to all gone", "ms", plan.Burst, Stopwatch.GetElapsedTime(deleting).TotalMilliseconds);
        }
    }

    internal static Task DeleteAsync(KubernetesClient client, string name, CancellationToken cancellation) =>
        client.DeleteAsync<Pod>(new NamespacedName("default", name), new DeleteOptions { GracePeriodSeconds = null }, cancellation);
}
