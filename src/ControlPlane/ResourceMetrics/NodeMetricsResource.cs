using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.ResourceMetrics;

/// <summary>NodeMetrics: what kubectl top nodes shows.</summary>
internal sealed class NodeMetricsResource(IStore store, ResourceDescriptor nodes, UsageReader usage, TimeProvider time)
    : UsageResource("NodeMetrics", "nodes", namespaced: false)
{
    public override async Task<IReadOnlyList<StoredObject>> ListAsync(string ns, ObjectFilter filter, CancellationToken cancellation)
    {
        var snapshot = store.Current;
        usage.Forget(name => snapshot.Get(nodes.Key("", name)) is not null);
        return await MeasureAsync([.. snapshot.List(nodes.StoragePrefix).Where(filter.Matches)], cancellation);
    }

    // A node that is not there is missed in the words of client-go's lister, one without metrics in those of metrics-server.
    public override async Task<StoredObject> GetAsync(string ns, string name, CancellationToken cancellation)
    {
        var node = store.Current.Get(nodes.Key("", name)) ?? throw StatusException.NotFound("node", name);
        return (await MeasureAsync([node], cancellation)) is [var only] ? only : throw StatusException.NotFound($"nodemetrics.{Group}", name);
    }

    protected override IEnumerable<JsonObject> Usages(JsonObject obj) => obj.Object("usage") is { } usage ? [usage] : [];

    private async Task<IReadOnlyList<StoredObject>> MeasureAsync(IReadOnlyList<StoredObject> measured, CancellationToken cancellation)
    {
        var told = await usage.ReadAsync(measured, cancellation);
        var now = time.GetUtcNow();
        return
        [
            .. from node in measured
               let used = told.GetValueOrDefault(node.Name)?.Node
               where used is not null
               select Make(node, now, used, "usage", used.Quantities()),
        ];
    }
}
