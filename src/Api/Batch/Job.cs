namespace Dataplane.Api;

/// <summary>batch/v1 Job.</summary>
public sealed record Job : IResource<Job>
{
    public static ResourceType Resource { get; } = new("batch", "v1", "Job", "jobs", true);

    public string ApiVersion { get; set; } = "batch/v1";
    public string Kind { get; set; } = "Job";
    public ObjectMeta Metadata { get; set; } = new();
    public JobSpec Spec { get; set; } = new();
    public JobStatus Status { get; set; } = new();
}

public sealed record JobSpec
{
    /// <summary>Pods at once at most; 1 when absent.</summary>
    public int? Parallelism { get; set; }

    /// <summary>Pods that must succeed. Absent: a work queue, done when one has and none runs.</summary>
    public int? Completions { get; set; }

    public long? ActiveDeadlineSeconds { get; set; }
    public LabelSelector? Selector { get; set; }
    public bool? ManualSelector { get; set; }
    public PodTemplateSpec Template { get; set; } = new();

    /// <summary>Pods that may fail; 6 when absent.</summary>
    public int? BackoffLimit { get; set; }

    public int? TtlSecondsAfterFinished { get; set; }

    /// <summary><c>NonIndexed</c> (also when absent) or <c>Indexed</c>.</summary>
    public string? CompletionMode { get; set; }

    public bool? Suspend { get; set; }
    public PodFailurePolicy? PodFailurePolicy { get; set; }
    public int? BackoffLimitPerIndex { get; set; }
    public int? MaxFailedIndexes { get; set; }

    /// <summary><c>TerminatingOrFailed</c> (also when absent) or <c>Failed</c>.</summary>
    public string? PodReplacementPolicy { get; set; }

    /// <summary>Who works on the job when it is not the job controller.</summary>
    public string? ManagedBy { get; set; }

    public SuccessPolicy? SuccessPolicy { get; set; }
}

public sealed record PodFailurePolicy
{
    public List<PodFailurePolicyRule> Rules { get; set; } = [];
}

public sealed record PodFailurePolicyRule
{
    /// <summary><c>FailJob</c>, <c>FailIndex</c>, <c>Ignore</c> or <c>Count</c>.</summary>
    public string Action { get; set; } = "";

    public PodFailurePolicyOnExitCodesRequirement? OnExitCodes { get; set; }
    public List<PodFailurePolicyOnPodConditionsPattern> OnPodConditions { get; set; } = [];
}

public sealed record PodFailurePolicyOnExitCodesRequirement
{
    public string? ContainerName { get; set; }

    /// <summary><c>In</c> or <c>NotIn</c>.</summary>
    public string Operator { get; set; } = "";

    public List<int> Values { get; set; } = [];
}

public sealed record PodFailurePolicyOnPodConditionsPattern
{
    public string Type { get; set; } = "";
    public string Status { get; set; } = "";
}

public sealed record SuccessPolicy
{
    public List<SuccessPolicyRule> Rules { get; set; } = [];
}

public sealed record SuccessPolicyRule
{
    /// <summary>Indexes and ranges of them: <c>1,3-5,7</c>.</summary>
    public string? SucceededIndexes { get; set; }

    public int? SucceededCount { get; set; }
}

public sealed record JobStatus
{
    public List<JobCondition> Conditions { get; set; } = [];
    public DateTimeOffset? StartTime { get; set; }
    public DateTimeOffset? CompletionTime { get; set; }
    public int? Active { get; set; }
    public int? Succeeded { get; set; }
    public int? Failed { get; set; }
    public int? Terminating { get; set; }

    /// <summary>Indexes and ranges of them: <c>1,3-5,7</c>.</summary>
    public string? CompletedIndexes { get; set; }

    public string? FailedIndexes { get; set; }
    public UncountedTerminatedPods? UncountedTerminatedPods { get; set; }
    public int? Ready { get; set; }
}

/// <summary>Pods, by uid, that have ended and are not in the counters yet.</summary>
public sealed record UncountedTerminatedPods
{
    public List<string> Succeeded { get; set; } = [];
    public List<string> Failed { get; set; } = [];
}

public sealed record JobCondition
{
    /// <summary><c>Suspended</c>, <c>SuccessCriteriaMet</c>, <c>Complete</c>, <c>FailureTarget</c> or <c>Failed</c>.</summary>
    public string Type { get; set; } = "";

    public string Status { get; set; } = "";
    public DateTimeOffset? LastProbeTime { get; set; }
    public DateTimeOffset? LastTransitionTime { get; set; }
    public string? Reason { get; set; }
    public string? Message { get; set; }
}
