using System.Text.Json.Nodes;
using Dataplane.Kubelet.Pods;
using Dataplane.Kubelet.Stats;

namespace Dataplane.Kubelet.Server;

/// <summary>/stats/summary, /metrics/resource and /metrics/cadvisor.</summary>
internal sealed class StatsHandler(KubeletOptions options, TimeProvider time)
{
    private readonly SummaryDocument _summary = new(options, new UsageRates(time), time);

    internal JsonObject Summary(IEnumerable<PodWorker> workers) => _summary.Of(NodeUsage.Read(), PodUsage.Read(workers));

    internal static string Resource(IEnumerable<PodWorker> workers) => UsageMetrics.Resource(NodeUsage.Read(), PodUsage.Read(workers));

    internal static string Cadvisor(IEnumerable<PodWorker> workers) => UsageMetrics.Cadvisor(PodUsage.Read(workers));
}
