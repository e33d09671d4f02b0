namespace Dataplane.Api;

/// <summary>What the kubelet (and, for its conditions, the scheduler) reports of a pod.</summary>
public sealed record PodStatus
{
    public long? ObservedGeneration { get; set; }

    /// <summary><c>Pending</c>, <c>Running</c>, <c>Succeeded</c>, <c>Failed</c> or <c>Unknown</c>.</summary>
    public string? Phase { get; set; }

    public List<PodCondition> Conditions { get; set; } = [];
    public string? Message { get; set; }
    public string? Reason { get; set; }
    public string? NominatedNodeName { get; set; }
    public string? HostIP { get; set; }
    public List<HostIP> HostIPs { get; set; } = [];
    public string? PodIP { get; set; }
    public List<PodIP> PodIPs { get; set; } = [];
    public DateTimeOffset? StartTime { get; set; }
    public List<ContainerStatus> InitContainerStatuses { get; set; } = [];
    public List<ContainerStatus> ContainerStatuses { get; set; } = [];
    public List<ContainerStatus> EphemeralContainerStatuses { get; set; } = [];

    /// <summary><c>Guaranteed</c>, <c>Burstable</c> or <c>BestEffort</c>.</summary>
    public string? QOSClass { get; set; }
}

public sealed record PodIP
{
    public string IP { get; set; } = "";
}

public sealed record HostIP
{
    public string IP { get; set; } = "";
}

public sealed record PodCondition
{
    /// <summary><c>PodScheduled</c>, <c>Initialized</c>, <c>ContainersReady</c>, <c>Ready</c>, ...</summary>
    public string Type { get; set; } = "";

    public long? ObservedGeneration { get; set; }

    /// <summary><c>True</c>, <c>False</c> or <c>Unknown</c>.</summary>
    public string Status { get; set; } = "";

    public DateTimeOffset? LastProbeTime { get; set; }
    public DateTimeOffset? LastTransitionTime { get; set; }
    public string? Reason { get; set; }
    public string? Message { get; set; }
}

public sealed record ContainerStatus
{
    public string Name { get; set; } = "";
    public ContainerState State { get; set; } = new();
    public ContainerState LastState { get; set; } = new();
    public bool Ready { get; set; }
    public int RestartCount { get; set; }
    public string Image { get; set; } = "";
    public string ImageID { get; set; } = "";

    /// <summary><c>runtime://id</c>.</summary>
    public string? ContainerID { get; set; }

    public bool? Started { get; set; }

    /// <summary>What the node has set aside for it: requests.</summary>
    public Dictionary<string, Quantity> AllocatedResources { get; set; } = [];

    /// <summary>What it runs with.</summary>
    public ResourceRequirements? Resources { get; set; }
}

/// <summary>Exactly one member is set; none means waiting.</summary>
public sealed record ContainerState
{
    public ContainerStateWaiting? Waiting { get; set; }
    public ContainerStateRunning? Running { get; set; }
    public ContainerStateTerminated? Terminated { get; set; }
}

public sealed record ContainerStateWaiting
{
    public string? Reason { get; set; }
    public string? Message { get; set; }
}

public sealed record ContainerStateRunning
{
    public DateTimeOffset? StartedAt { get; set; }
}

public sealed record ContainerStateTerminated
{
    public int ExitCode { get; set; }
    public int? Signal { get; set; }
    public string? Reason { get; set; }
    public string? Message { get; set; }
    public DateTimeOffset? StartedAt { get; set; }
    public DateTimeOffset? FinishedAt { get; set; }
    public string? ContainerID { get; set; }
}
