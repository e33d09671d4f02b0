namespace Dataplane.Api;

/// <summary>apps/v1 StatefulSet.</summary>
public sealed record StatefulSet : IResource<StatefulSet>
{
    public static ResourceType Resource { get; } = new("apps", "v1", "StatefulSet", "statefulsets", true);

    public string ApiVersion { get; set; } = "apps/v1";
    public string Kind { get; set; } = "StatefulSet";
    public ObjectMeta Metadata { get; set; } = new();
    public StatefulSetSpec Spec { get; set; } = new();
    public StatefulSetStatus Status { get; set; } = new();
}

public sealed record StatefulSetSpec
{
    /// <summary>1 when absent.</summary>
    public int? Replicas { get; set; }

    public LabelSelector Selector { get; set; } = new();
    public PodTemplateSpec Template { get; set; } = new();

    /// <summary>Each pod gets a claim of its own for each of these.</summary>
    public List<PersistentVolumeClaim> VolumeClaimTemplates { get; set; } = [];

    /// <summary>The headless service that names the pods.</summary>
    public string? ServiceName { get; set; }

    /// <summary><c>OrderedReady</c> (also when absent) or <c>Parallel</c>.</summary>
    public string? PodManagementPolicy { get; set; }

    public StatefulSetUpdateStrategy UpdateStrategy { get; set; } = new();

    /// <summary>Old revisions kept for rollback; 10 when absent.</summary>
    public int? RevisionHistoryLimit { get; set; }

    public int? MinReadySeconds { get; set; }
    public StatefulSetPersistentVolumeClaimRetentionPolicy? PersistentVolumeClaimRetentionPolicy { get; set; }
    public StatefulSetOrdinals? Ordinals { get; set; }
}

public sealed record StatefulSetUpdateStrategy
{
    /// <summary><c>RollingUpdate</c> (also when absent) or <c>OnDelete</c>.</summary>
    public string? Type { get; set; }

    public RollingUpdateStatefulSetStrategy? RollingUpdate { get; set; }
}

public sealed record RollingUpdateStatefulSetStrategy
{
    /// <summary>Pods with an ordinal below stay at the current revision.</summary>
    public int? Partition { get; set; }

    public IntOrString? MaxUnavailable { get; set; }
}

/// <summary>Each <c>Retain</c> (also when absent) or <c>Delete</c>.</summary>
public sealed record StatefulSetPersistentVolumeClaimRetentionPolicy
{
    public string? WhenDeleted { get; set; }
    public string? WhenScaled { get; set; }
}

public sealed record StatefulSetOrdinals
{
    /// <summary>The number of the first pod.</summary>
    public int Start { get; set; }
}

public sealed record StatefulSetStatus
{
    public long? ObservedGeneration { get; set; }
    public int Replicas { get; set; }
    public int? ReadyReplicas { get; set; }
    public int? CurrentReplicas { get; set; }
    public int? UpdatedReplicas { get; set; }

    /// <summary>The name of the revision that pods below the partition have.</summary>
    public string? CurrentRevision { get; set; }

    public string? UpdateRevision { get; set; }
    public int? CollisionCount { get; set; }
    public List<WorkloadCondition> Conditions { get; set; } = [];
    public int AvailableReplicas { get; set; }
}
