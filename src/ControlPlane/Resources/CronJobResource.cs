using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Controllers.CronJobs;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Resources;

/// <summary>CronJobs: a job at each time of a schedule.</summary>
internal sealed class CronJobResource : ResourceDescriptor
{
    /// <summary>A job's name is the cron job's, a dash and ten digits, and must fit a label.</summary>
    private const int MaxName = 52;

    public override ResourceNames Names { get; } =
        new("batch", "v1", "CronJob", "cronjobs", "cronjob", Namespaced: true) { ShortNames = ["cj"], Categories = ["all"] };

    public override string SchemaName => "batch.CronJob";

    public override bool HasStatus => true;

    public override bool TracksGeneration => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName, new("Schedule"), new("Timezone"), new("Suspend", "boolean"), TableColumn.Number("Active"), new("Last Schedule"),
        TableColumn.Age, TableColumn.Wide("Containers"), TableColumn.Wide("Images"), TableColumn.Wide("Selector"),
    ];

    public override JsonArray Cells(JsonObject obj, DateTimeOffset now)
    {
        var template = obj.Object("spec", "jobTemplate") ?? [];
        var last = obj.Timestamp("status", "lastScheduleTime");
        return
        [
            TableCell.Name(obj), obj.Text("spec", "schedule") ?? "", TableCell.OrNone(obj.Text("spec", "timeZone")),
            obj.Boolean("spec", "suspend") == true ? "True" : "False", obj.Array("status", "active")?.Count ?? 0,
            last is null ? "<none>" : TableCell.Since(last, now), TableCell.Age(obj, now), TableCell.ContainerNames(template), TableCell.Images(template),
            TableCell.Selector(template),
        ];
    }

    public override void PrepareForCreate(JsonObject obj) => obj["status"] = new JsonObject();

    public override void Default(JsonObject obj)
    {
        var spec = obj.Ensure("spec");
        PodDefaults.Template(spec.Ensure("jobTemplate"));
        spec.Default("concurrencyPolicy", "Allow");
        spec.Default("suspend", false);
        spec.Default("successfulJobsHistoryLimit", 3L);
        spec.Default("failedJobsHistoryLimit", 1L);
    }

    public override void Validate(JsonObject obj, FieldErrors errors)
    {
        if (obj.Text("metadata", "name") is { Length: > MaxName } name)
        {
            errors.Invalid("metadata.name", name, $"must be no more than {MaxName} characters");
        }

        var spec = obj.Object("spec") ?? [];
        ValidateSchedule(spec.Text("schedule") ?? "", errors);
        errors.NotNegative(spec, "spec", "startingDeadlineSeconds");
        ValidateTimeZone(spec, errors);
        errors.OneOf("spec.concurrencyPolicy", spec.Text("concurrencyPolicy"), "Allow", "Forbid", "Replace");
        JobTemplate.Validate(spec.Object("jobTemplate", "spec") ?? [], "spec.jobTemplate.spec", errors);
        errors.NotNegative(spec, "spec", "successfulJobsHistoryLimit", "failedJobsHistoryLimit");
    }

    private static void ValidateTimeZone(JsonObject spec, FieldErrors errors)
    {
        switch (spec.Text("timeZone"))
        {
            case null:
                break;
            case "":
                errors.Invalid("spec.timeZone", "", "timeZone must be nil or non-empty string");
                break;
            case "Local":
                errors.Invalid("spec.timeZone", "Local", "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
                break;
            case var zone when !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _):
                errors.Invalid("spec.timeZone", zone, $"unknown time zone {zone}");
                break;
        }
    }

    private static void ValidateSchedule(string schedule, FieldErrors errors)
    {
        if (schedule.Length == 0)
        {
            errors.Required("spec.schedule");
            return;
        }

        if (schedule.Contains("TZ", StringComparison.Ordinal))
        {
            errors.Invalid("spec.schedule", schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
            return;
        }

        try
        {
            CronSchedule.Parse(schedule);
        }
        catch (FormatException error)
        {
            errors.Invalid("spec.schedule", schedule, error.Message);
        }
    }
}
