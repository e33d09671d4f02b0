using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.ResourceMetrics;

/// <summary>PodMetrics: what kubectl top pods shows. Only nodes that have one of the pods asked for are asked.</summary>
internal sealed class PodMetricsResource(IStore store, ResourceDescriptor nodes, ResourceDescriptor pods, UsageReader usage, TimeProvider time)
    : UsageResource("PodMetrics", "pods", namespaced: true)
{
    public override Task<IReadOnlyList<StoredObject>> ListAsync(string ns, ObjectFilter filter, CancellationToken cancellation)
    {
        var snapshot = store.Current;
        return MeasureAsync(snapshot, [.. snapshot.List(pods.Prefix(ns)).Where(pod => filter.Matches(pod) && IsRunning(pod))], cancellation);
    }

    // metrics-server knows running pods only: others are missed as pods.
    public override async Task<StoredObject> GetAsync(string ns, string name, CancellationToken cancellation)
    {
        var snapshot = store.Current;
        var pod = snapshot.Get(pods.Key(ns, name)) is { } stored && IsRunning(stored) ? stored : throw StatusException.NotFound("pods", name);
        return (await MeasureAsync(snapshot, [pod], cancellation)) is [var only] ? only : throw StatusException.NotFound($"podmetrics.{Group}", $"{ns}/{name}");
    }

    protected override IEnumerable<JsonObject> Usages(JsonObject obj) => obj.Objects("containers").Select(container => container.Object("usage")).OfType<JsonObject>();

    private bool IsRunning(StoredObject pod) => pod.FieldValue(pods, "status.phase") == "Running";

    private string NodeOf(StoredObject pod) => pod.FieldValue(pods, "spec.nodeName");

    private async Task<IReadOnlyList<StoredObject>> MeasureAsync(StoreSnapshot snapshot, IReadOnlyList<StoredObject> measured, CancellationToken cancellation)
    {
        var hosts = measured.Select(NodeOf).Distinct(StringComparer.Ordinal).Select(name => snapshot.Get(nodes.Key("", name))).OfType<StoredObject>();
        var told = await usage.ReadAsync(hosts, cancellation);
        var now = time.GetUtcNow();
        return
        [
            .. from pod in measured
               let used = told.GetValueOrDefault(NodeOf(pod))?.Of(new NamespacedName(pod.Namespace, pod.Name))
               where used is not null
               select Make(pod, now, used.MinBy(container => container.Usage.Time).Usage, "containers", Containers(used)),
        ];
    }

    private static JsonArray Containers(IEnumerable<(string Container, Usage Usage)> used) =>
        new([.. used.Select(container => new JsonObject { ["name"] = container.Container, ["usage"] = container.Usage.Quantities() })]);
}
