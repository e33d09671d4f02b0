using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Resources;

/// <summary>events.k8s.io events: the stored core events under the names of their newer version.</summary>
internal sealed class EventsV1Resource : ResourceDescriptor
{
    private const int MaxNote = 1024;
    private const int MaxWord = 128;

    /// <summary>Fields of the core version and what this one calls them.</summary>
    private static readonly (string Core, string Here)[] Fields =
    [
        ("involvedObject", "regarding"), ("message", "note"), ("reportingComponent", "reportingController"), ("source", "deprecatedSource"),
        ("firstTimestamp", "deprecatedFirstTimestamp"), ("lastTimestamp", "deprecatedLastTimestamp"), ("count", "deprecatedCount"),
    ];

    private readonly EventResource _core = new();

    public override bool Expires => true;

    public override ResourceNames Names { get; } =
        new("events.k8s.io", "v1", "Event", "events", "event", Namespaced: true) { ShortNames = ["ev"] };

    public override string SchemaName => "events.Event";

    public override string StoredApiVersion => "v1";

    public override bool IsCollected => false;

    public override IReadOnlyList<string> FieldLabels { get; } =
    [
        "regarding.kind", "regarding.namespace", "regarding.name", "regarding.uid", "regarding.apiVersion", "regarding.resourceVersion",
        "regarding.fieldPath", "reason", "reportingController", "type",
    ];

    public override IReadOnlyList<TableColumn> Columns => _core.Columns;

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) => _core.Cells(ToCore(obj), now);

    public override string FieldValue(JsonObject obj, string label)
    {
        var path = label.Split('.');
        return (obj.At(path) ?? obj.At([.. path.Select(Core)]))?.ToString() ?? "";
    }

    public override string StoredName(string field) => Core(field);

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var (own, about) = (obj.Text("metadata", "namespace") ?? "", obj.Text("regarding", "namespace") ?? "");
        if (about.Length == 0 ? own != "default" : about != own)
        {
            errors.Invalid("involvedObject.namespace", about, "does not match event.namespace");
        }

        if (obj["eventTime"] is null)
        {
            errors.Required("eventTime");
        }

        foreach (var field in (ReadOnlySpan<string>)["reportingController", "reportingInstance", "action", "reason"])
        {
            var text = obj.Text(field) ?? "";
            if (text.Length == 0)
            {
                errors.Required(field);
            }
            else if (text.Length > MaxWord && field != "reportingController")
            {
                errors.Invalid(field, text, $"can have at most {MaxWord} characters");
            }
        }

        if (obj.Text("type") is not ("Normal" or "Warning"))
        {
            errors.Invalid("type", obj.Text("type") ?? "", $"has invalid value: {obj.Text("type")}");
        }

        if (obj.Text("note") is { Length: > MaxNote } note)
        {
            errors.Invalid("note", note, $"can have at most {MaxNote} characters");
        }
    }

    // A writer of the older version may have left out what this one asks for at creation.
    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        foreach (var field in (ReadOnlySpan<string>)["eventTime", "regarding", "related", "action", "reason", "reportingController", "reportingInstance", "type"])
        {
            if (!obj.FieldEquals(old, field))
            {
                errors.Invalid(field, obj[field]?.ToString() ?? "", "field is immutable");
            }
        }
    }

    protected override void Adapt(JsonObject obj)
    {
        foreach (var (core, here) in Fields)
        {
            if (obj.Remove(core, out var value))
            {
                obj[here] = value;
            }
        }
    }

    private static string Core(string name) => Array.Find(Fields, field => field.Here == name).Core ?? name;

    private static JsonObject ToCore(JsonObject obj) =>
        new(obj.Select(field => KeyValuePair.Create(Core(field.Key), field.Value?.DeepClone())));
}
