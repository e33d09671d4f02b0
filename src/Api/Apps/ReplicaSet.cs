namespace Dataplane.Api;

/// <summary>apps/v1 ReplicaSet.</summary>
public sealed record ReplicaSet : IResource<ReplicaSet>
{
    public static ResourceType Resource { get; } = new("apps", "v1", "ReplicaSet", "replicasets", true);

    public string ApiVersion { get; set; } = "apps/v1";
    public string Kind { get; set; } = "ReplicaSet";
    public ObjectMeta Metadata { get; set; } = new();
    public ReplicaSetSpec Spec { get; set; } = new();
    public ReplicaSetStatus Status { get; set; } = new();
}

public sealed record ReplicaSetSpec
{
    /// <summary>1 when absent.</summary>
    public int? Replicas { get; set; }

    public int? MinReadySeconds { get; set; }
    public LabelSelector Selector { get; set; } = new();
    public PodTemplateSpec Template { get; set; } = new();
}

public sealed record ReplicaSetStatus
{
    public int Replicas { get; set; }
    public int? FullyLabeledReplicas { get; set; }
    public int? ReadyReplicas { get; set; }
    public int? AvailableReplicas { get; set; }
    public int? TerminatingReplicas { get; set; }
    public long? ObservedGeneration { get; set; }
    public List<WorkloadCondition> Conditions { get; set; } = [];
}
