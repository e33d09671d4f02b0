using System.Globalization;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;
using Dataplane.ControlPlane.Resources.Pods;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Jobs. The server itself makes the selector, from the job's uid, so that no two jobs share pods.</summary>
internal sealed class JobResource : ResourceDescriptor
{
    public const string ControllerUid = "batch.kubernetes.io/controller-uid";
    public const string JobName = "batch.kubernetes.io/job-name";

    private static readonly string[] Immutable = ["selector", "template", "completions", "completionMode"];

    public override ResourceNames Names { get; } = new("batch", "v1", "Job", "jobs", "job", Namespaced: true) { Categories = ["all"] };

    public override string SchemaName => "batch.Job";

    public override bool HasStatus => true;

    public override bool TracksGeneration => true;

    public override string? DefaultPropagation => "Orphan";

    public override IReadOnlyList<string> FieldLabels { get; } = ["status.successful"];

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName, new("Status"), new("Completions"), new("Duration"), TableColumn.Age, TableColumn.Wide("Containers"),
        TableColumn.Wide("Images"), TableColumn.Wide("Selector"),
    ];

    public override bool MayWarn => true;

    public override IEnumerable<string> Warnings(JsonObject obj) => PodWarnings.OfController(obj);

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now) =>
    [
        TableCell.Name(obj), Status(obj), Completions(obj), Duration(obj, now), TableCell.Age(obj, now), TableCell.ContainerNames(obj),
        TableCell.Images(obj), TableCell.Selector(obj),
    ];

    public override string FieldValue(JsonObject obj, string label) =>
        (obj.Integer("status", "succeeded") ?? 0).ToString(CultureInfo.InvariantCulture);

    public override void PrepareForCreate(JsonObject obj)
    {
        obj["status"] = new JsonObject();
        var spec = obj.Ensure("spec");
        if (spec.Boolean("manualSelector") == true || spec.Object("template") is not { } template)
        {
            return;
        }

        var (uid, name) = (obj.Text("metadata", "uid"), obj.Text("metadata", "name"));
        var labels = template.Metadata().Ensure("labels");
        labels[ControllerUid] = uid;
        labels[JobName] = name;
        labels["controller-uid"] = uid;
        labels["job-name"] = name;
        spec.Ensure("selector").Ensure("matchLabels")[ControllerUid] = uid;
    }

    public override void Default(JsonObject obj)
    {
        PodDefaults.Template(obj);
        var spec = obj.Ensure("spec");
        if (!spec.ContainsKey("completions") && !spec.ContainsKey("parallelism"))
        {
            spec["completions"] = 1L;
        }

        spec.Default("parallelism", 1L);
        spec.Default("backoffLimit", spec.ContainsKey("backoffLimitPerIndex") ? int.MaxValue : 6L);
        spec.Default("completionMode", "NonIndexed");
        spec.Default("suspend", false);
        spec.Default("podReplacementPolicy", spec.ContainsKey("podFailurePolicy") ? "Failed" : "TerminatingOrFailed");
        if (obj.Object("spec", "template", "metadata", "labels") is { Count: > 0 } labels)
        {
            obj.Metadata().Default("labels", labels.DeepClone());
        }
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        var spec = obj.Object("spec") ?? [];
        JobTemplate.Validate(spec, "spec", errors);
        if (spec.Object("selector") is not { } selector)
        {
            errors.Required("spec.selector");
            return;
        }

        SelectorValidation.Validate(selector, "spec.selector", errors);
        var template = spec.Object("template") ?? [];
        TemplateValidation.Selected(
            template, SelectorValidation.Matches(selector, template.StringMap("metadata", "labels")), "spec.template", errors);
    }

    public override void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors)
    {
        Validate(obj, errors);
        var (spec, before) = (obj.Ensure("spec"), old.Ensure("spec"));
        foreach (var field in Immutable.Where(field => !spec.FieldEquals(before, field)))
        {
            errors.InvalidRaw(
                $"spec.{field}", field == "selector" ? GoValue.Selector(spec.Object(field)) : spec[field]?.ToJsonString() ?? GoValue.Quote("null"), ValueRules.Immutable);
        }
    }

    private static bool Has(JsonObject obj, string condition) =>
        obj.Objects("status", "conditions").Any(item => item.Text("type") == condition && item.Text("status") == "True");

    private static string Status(JsonObject obj) =>
        Has(obj, "Complete") ? "Complete"
        : Has(obj, "Failed") ? "Failed"
        : obj.Text("metadata", "deletionTimestamp") is not null ? "Terminating"
        : Has(obj, "Suspended") ? "Suspended"
        : Has(obj, "FailureTarget") ? "FailureTarget"
        : Has(obj, "SuccessCriteriaMet") ? "SuccessCriteriaMet"
        : "Running";

    private static string Completions(JsonObject obj)
    {
        var succeeded = obj.Integer("status", "succeeded") ?? 0;
        var parallelism = obj.Integer("spec", "parallelism") ?? 0;
        return obj.Integer("spec", "completions") is { } completions
            ? $"{succeeded}/{completions}"
            : parallelism > 1 ? $"{succeeded}/1 of {parallelism}" : $"{succeeded}/1";
    }

    private static string Duration(JsonObject obj, DateTimeOffset now) =>
        obj.Timestamp("status", "startTime") is { } start ? TableCell.Duration((obj.Timestamp("status", "completionTime") ?? now) - start) : "";
}
