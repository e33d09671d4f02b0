namespace Dataplane.Api;

/// <summary>batch/v1 CronJob.</summary>
public sealed record CronJob : IResource<CronJob>
{
    public static ResourceType Resource { get; } = new("batch", "v1", "CronJob", "cronjobs", true);

    public string ApiVersion { get; set; } = "batch/v1";
    public string Kind { get; set; } = "CronJob";
    public ObjectMeta Metadata { get; set; } = new();
    public CronJobSpec Spec { get; set; } = new();
    public CronJobStatus Status { get; set; } = new();
}

public sealed record CronJobSpec
{
    /// <summary>Minute, hour, day, month and weekday, or a word such as <c>@hourly</c>.</summary>
    public string Schedule { get; set; } = "";

    /// <summary>An IANA name; the controller's own zone when absent.</summary>
    public string? TimeZone { get; set; }

    /// <summary>How late a job may start.</summary>
    public long? StartingDeadlineSeconds { get; set; }

    /// <summary><c>Allow</c> (also when absent), <c>Forbid</c> or <c>Replace</c>.</summary>
    public string? ConcurrencyPolicy { get; set; }

    public bool? Suspend { get; set; }
    public JobTemplateSpec JobTemplate { get; set; } = new();

    /// <summary>3 when absent.</summary>
    public int? SuccessfulJobsHistoryLimit { get; set; }

    /// <summary>1 when absent.</summary>
    public int? FailedJobsHistoryLimit { get; set; }
}

/// <summary>The job that a cron job makes copies of.</summary>
public sealed record JobTemplateSpec
{
    public ObjectMeta Metadata { get; set; } = new();
    public JobSpec Spec { get; set; } = new();
}

public sealed record CronJobStatus
{
    /// <summary>The jobs that run.</summary>
    public List<ObjectReference> Active { get; set; } = [];

    public DateTimeOffset? LastScheduleTime { get; set; }
    public DateTimeOffset? LastSuccessfulTime { get; set; }
}
