using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Core events: what describe shows below an object.</summary>
internal sealed class EventResource : ResourceDescriptor
{
    public override ResourceNames Names { get; } = new("", "v1", "Event", "events", "event", Namespaced: true) { ShortNames = ["ev"] };

    public override string SchemaName => "core.Event";

    public override IReadOnlyList<string> FieldLabels { get; } =
    [
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
        "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type",
    ];

    public override bool IsCollected => false;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        new("Last Seen"), new("Type"), new("Reason"), new("Object"), TableColumn.Wide("Subobject"), TableColumn.Wide("Source"), new("Message"),
        TableColumn.Wide("First Seen"), new("Count", "integer", Priority: 1), new("Name", Priority: 1, Format: "name"),
    ];

    public override string FieldValue(JsonObject obj, string label) =>
        label == "source" ? obj.Text("source", "component") ?? "" : base.FieldValue(obj, label);

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now)
    {
        var first = obj.Timestamp("firstTimestamp") ?? obj.Timestamp("eventTime");
        var last = obj.Timestamp("series", "lastObservedTime") ?? obj.Timestamp("lastTimestamp") ?? first;
        var count = obj.Integer("series", "count") ?? obj.Integer("count") ?? 1;
        var (component, host) = (obj.Text("source", "component") ?? obj.Text("reportingComponent"), obj.Text("source", "host"));
        return
        [
            TableCell.Since(last, now), obj.Text("type") ?? "", obj.Text("reason") ?? "",
            $"{obj.Text("involvedObject", "kind")?.ToLowerInvariant()}/{obj.Text("involvedObject", "name")}", obj.Text("involvedObject", "fieldPath") ?? "",
            string.Join(", ", new[] { component, host }.Where(part => !string.IsNullOrEmpty(part))), obj.Text("message")?.Trim() ?? "",
            TableCell.Since(first, now), count, TableCell.Name(obj),
        ];
    }
}
