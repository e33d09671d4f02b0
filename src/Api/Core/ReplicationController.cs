namespace Dataplane.Api;

/// <summary>core/v1 ReplicationController.</summary>
public sealed record ReplicationController : IResource<ReplicationController>
{
    public static ResourceType Resource { get; } = new("", "v1", "ReplicationController", "replicationcontrollers", true);

    public string ApiVersion { get; set; } = "v1";
    public string Kind { get; set; } = "ReplicationController";
    public ObjectMeta Metadata { get; set; } = new();
    public ReplicationControllerSpec Spec { get; set; } = new();
    public ReplicationControllerStatus Status { get; set; } = new();
}

public sealed record ReplicationControllerSpec
{
    /// <summary>1 when absent.</summary>
    public int? Replicas { get; set; }

    public int? MinReadySeconds { get; set; }
    public Dictionary<string, string> Selector { get; set; } = [];
    public PodTemplateSpec? Template { get; set; }
}

public sealed record ReplicationControllerStatus
{
    public int Replicas { get; set; }
    public int? FullyLabeledReplicas { get; set; }
    public int? ReadyReplicas { get; set; }
    public int? AvailableReplicas { get; set; }
    public long? ObservedGeneration { get; set; }
    public List<WorkloadCondition> Conditions { get; set; } = [];
}

/// <summary>The condition shape that ReplicationController and ReplicaSet share.</summary>
public sealed record WorkloadCondition
{
    public string Type { get; set; } = "";

    /// <summary><c>True</c>, <c>False</c> or <c>Unknown</c>.</summary>
    public string Status { get; set; } = "";

    public DateTimeOffset? LastTransitionTime { get; set; }
    public string? Reason { get; set; }
    public string? Message { get; set; }
}
