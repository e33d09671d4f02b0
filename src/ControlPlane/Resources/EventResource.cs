using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Core events: what describe shows below an object.</summary>
internal sealed class EventResource : ResourceDescriptor
{
    private const int ShortText = 128;
    private const int LongText = 1024;

    public override bool Expires => true;

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
        label == "source" ? obj.Text("source", "component") ?? obj.Text("reportingComponent") ?? "" : base.FieldValue(obj, label);

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var (ns, involved) = (obj.Text("metadata", "namespace") ?? "", obj.Text("involvedObject", "namespace") ?? "");
        var isNew = obj.Text("eventTime") is { Length: > 0 };

        // Events of objects without a namespace lie in the default one.
        var fits = involved.Length > 0 ? isNew || involved == ns : ns is "default" || (isNew && ns == "kube-system");
        if (!fits)
        {
            errors.Invalid("involvedObject.namespace", involved, "does not match event.namespace");
        }

        if (!isNew)
        {
            return;
        }

        if (obj.Text("reportingComponent") is not { Length: > 0 } component)
        {
            errors.Required("reportingComponent");
        }
        else
        {
            errors.Key("reportingComponent", component);
        }

        foreach (var (field, most) in new[] { ("reportingInstance", ShortText), ("action", ShortText), ("reason", ShortText), ("message", LongText) })
        {
            var text = obj.Text(field) ?? "";
            if (text.Length == 0 && field != "message")
            {
                errors.Required(field);
            }
            else if (text.Length > most)
            {
                errors.Invalid(field, "", $"can have at most {most} characters");
            }
        }
    }

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
