using System.Text.Json.Nodes;
using Dataplane.Kubelet.Pods;
using Dataplane.Kubelet.Stats;

namespace Dataplane.Kubelet.Server;

/// <summary>/stats/summary, /metrics/resource and /metrics/cadvisor.</summary>
internal sealed class StatsHandler(KubeletOptions options, TimeProvider time)
{
    private readonly SummaryDocument _summary = new(options, new UsageRates(time), time);

    internal async Task<JsonObject> SummaryAsync(IEnumerable<PodWorker> workers, CancellationToken cancellation) =>
        _summary.Of(NodeUsage.Read(), await PodUsage.ReadAsync(workers, time, cancellation));

    internal async Task<string> ResourceAsync(IEnumerable<PodWorker> workers, CancellationToken cancellation) =>
        UsageMetrics.Resource(NodeUsage.Read(), time.GetUtcNow(), await PodUsage.ReadAsync(workers, time, cancellation));

    internal async Task<string> CadvisorAsync(IEnumerable<PodWorker> workers, CancellationToken cancellation) =>
        UsageMetrics.Cadvisor(await PodUsage.ReadAsync(workers, time, cancellation));
}
