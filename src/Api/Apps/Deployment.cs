namespace Dataplane.Api;

/// <summary>apps/v1 Deployment.</summary>
public sealed record Deployment : IResource<Deployment>
{
    public static ResourceType Resource { get; } = new("apps", "v1", "Deployment", "deployments", true);

    public string ApiVersion { get; set; } = "apps/v1";
    public string Kind { get; set; } = "Deployment";
    public ObjectMeta Metadata { get; set; } = new();
    public DeploymentSpec Spec { get; set; } = new();
    public DeploymentStatus Status { get; set; } = new();
}

public sealed record DeploymentSpec
{
    /// <summary>1 when absent.</summary>
    public int? Replicas { get; set; }

    public LabelSelector Selector { get; set; } = new();
    public PodTemplateSpec Template { get; set; } = new();
    public DeploymentStrategy Strategy { get; set; } = new();
    public int? MinReadySeconds { get; set; }

    /// <summary>Old ReplicaSets kept for rollback; 10 when absent.</summary>
    public int? RevisionHistoryLimit { get; set; }

    public bool? Paused { get; set; }

    /// <summary>600 when absent.</summary>
    public int? ProgressDeadlineSeconds { get; set; }
}

public sealed record DeploymentStrategy
{
    /// <summary><c>RollingUpdate</c> (also when absent) or <c>Recreate</c>.</summary>
    public string? Type { get; set; }

    public RollingUpdateDeployment? RollingUpdate { get; set; }
}

/// <summary>Numbers or percentages of the replicas; 25% when absent.</summary>
public sealed record RollingUpdateDeployment
{
    public IntOrString? MaxUnavailable { get; set; }
    public IntOrString? MaxSurge { get; set; }
}

public sealed record DeploymentStatus
{
    public long? ObservedGeneration { get; set; }
    public int? Replicas { get; set; }
    public int? UpdatedReplicas { get; set; }
    public int? ReadyReplicas { get; set; }
    public int? AvailableReplicas { get; set; }
    public int? UnavailableReplicas { get; set; }
    public int? TerminatingReplicas { get; set; }
    public List<DeploymentCondition> Conditions { get; set; } = [];
    public int? CollisionCount { get; set; }
}

public sealed record DeploymentCondition
{
    /// <summary><c>Available</c>, <c>Progressing</c> or <c>ReplicaFailure</c>.</summary>
    public string Type { get; set; } = "";

    public string Status { get; set; } = "";
    public DateTimeOffset? LastUpdateTime { get; set; }
    public DateTimeOffset? LastTransitionTime { get; set; }
    public string? Reason { get; set; }
    public string? Message { get; set; }
}
