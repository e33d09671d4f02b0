using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.ResourceMetrics;

/// <summary>
/// A kind of metrics.k8s.io, which metrics-server serves upstream behind an APIService. Its objects have the names and labels of the
/// nodes and pods they are about, and are made of what the kubelets tell.
/// </summary>
internal abstract class UsageResource(string kind, string plural, bool namespaced) : ResourceDescriptor, IComputedObjects
{
    public const string Group = "metrics.k8s.io";

    /// <summary>Both of them, in discovery's order.</summary>
    public static IReadOnlyList<UsageResource> All(IStore store, UsageReader usage, TimeProvider time)
    {
        var (nodes, pods) = (new NodeResource(), new PodResource());
        return [new NodeMetricsResource(store, nodes, usage, time), new PodMetricsResource(store, nodes, pods, usage, time)];
    }

    public override ResourceNames Names { get; } = new(Group, "v1beta1", kind, plural, "", namespaced);

    public override string SchemaName { get; } = $"metrics.{kind}";

    /// <summary>Nothing lies there; the default is where what the objects are about lies.</summary>
    public override string StoragePrefix { get; } = $"/registry/{Group}/{plural}/";

    public override IComputedObjects Computed => this;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        new("Name", Format: "name", Description: "Name of the resource"), new("cpu", Format: "quantity"), new("memory", Format: "quantity"), new("Window", Format: "duration"),
    ];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
        [TableCell.Name(obj), Sum(obj, "cpu"), Sum(obj, "memory"), obj.Text("window") ?? ""];

    public abstract Task<IReadOnlyList<StoredObject>> ListAsync(string ns, ObjectFilter filter, CancellationToken cancellation);

    public abstract Task<StoredObject> GetAsync(string ns, string name, CancellationToken cancellation);

    /// <summary>The lists of quantities in an object.</summary>
    protected abstract IEnumerable<JsonObject> Usages(JsonObject obj);

    /// <param name="about">The node or pod.</param>
    /// <param name="now">What the object was made at.</param>
    /// <param name="window">When and how long was looked at.</param>
    /// <param name="field">Name of the last field.</param>
    /// <param name="content">Its content.</param>
    protected StoredObject Make(StoredObject about, DateTimeOffset now, Usage window, string field, JsonNode content)
    {
        var metadata = new JsonObject { ["name"] = about.Name, ["creationTimestamp"] = ObjectJson.Time(now) };
        if (about.Namespace.Length > 0)
        {
            metadata["namespace"] = about.Namespace;
        }

        if (about.Labels.Count > 0)
        {
            metadata["labels"] = new JsonObject(about.Labels.Select(label => KeyValuePair.Create<string, JsonNode?>(label.Key, label.Value)));
        }

        var obj = new JsonObject
        {
            ["metadata"] = metadata,
            ["timestamp"] = ObjectJson.Time(window.Time),
            ["window"] = GoDuration.Format(TimeSpan.FromMilliseconds(Math.Round(window.Window.TotalMilliseconds))),
            [field] = content,
        };
        return StoredObject.Create(Key(about.Namespace, about.Name), Revision.None, Revision.None, StoredForm.Encode(this, obj));
    }

    private JsonNode Sum(JsonObject obj, string resource) =>
        Usages(obj).Select(usage => usage.Text(resource)).OfType<string>().Select(Quantity.Parse).Aggregate(default(Quantity), (sum, next) => sum + next).ToString();
}
