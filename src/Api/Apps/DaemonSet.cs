namespace Dataplane.Api;

/// <summary>apps/v1 DaemonSet.</summary>
public sealed record DaemonSet : IResource<DaemonSet>
{
    public static ResourceType Resource { get; } = new("apps", "v1", "DaemonSet", "daemonsets", true);

    public string ApiVersion { get; set; } = "apps/v1";
    public string Kind { get; set; } = "DaemonSet";
    public ObjectMeta Metadata { get; set; } = new();
    public DaemonSetSpec Spec { get; set; } = new();
    public DaemonSetStatus Status { get; set; } = new();
}

public sealed record DaemonSetSpec
{
    public LabelSelector Selector { get; set; } = new();
    public PodTemplateSpec Template { get; set; } = new();
    public DaemonSetUpdateStrategy UpdateStrategy { get; set; } = new();
    public int? MinReadySeconds { get; set; }

    /// <summary>Old revisions kept for rollback; 10 when absent.</summary>
    public int? RevisionHistoryLimit { get; set; }
}

public sealed record DaemonSetUpdateStrategy
{
    /// <summary><c>RollingUpdate</c> (also when absent) or <c>OnDelete</c>.</summary>
    public string? Type { get; set; }

    public RollingUpdateDaemonSet? RollingUpdate { get; set; }
}

/// <summary>Numbers or percentages of the nodes; 1 and 0 when absent.</summary>
public sealed record RollingUpdateDaemonSet
{
    public IntOrString? MaxUnavailable { get; set; }
    public IntOrString? MaxSurge { get; set; }
}

public sealed record DaemonSetStatus
{
    /// <summary>Nodes that run a pod and should.</summary>
    public int CurrentNumberScheduled { get; set; }

    /// <summary>Nodes that run a pod and should not.</summary>
    public int NumberMisscheduled { get; set; }

    /// <summary>Nodes that should run a pod.</summary>
    public int DesiredNumberScheduled { get; set; }

    public int NumberReady { get; set; }
    public long? ObservedGeneration { get; set; }
    public int? UpdatedNumberScheduled { get; set; }
    public int? NumberAvailable { get; set; }
    public int? NumberUnavailable { get; set; }
    public int? CollisionCount { get; set; }
    public List<WorkloadCondition> Conditions { get; set; } = [];
}
