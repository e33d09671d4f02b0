namespace Dataplane.Api;

/// <summary>core/v1 Node.</summary>
public sealed record Node : IResource<Node>
{
    public static ResourceType Resource { get; } = new("", "v1", "Node", "nodes", false);

    public string ApiVersion { get; set; } = "v1";
    public string Kind { get; set; } = "Node";
    public ObjectMeta Metadata { get; set; } = new();
    public NodeSpec Spec { get; set; } = new();
    public NodeStatus Status { get; set; } = new();
}

public sealed record NodeSpec
{
    public string? PodCIDR { get; set; }
    public List<string> PodCIDRs { get; set; } = [];
    public string? ProviderID { get; set; }
    public bool? Unschedulable { get; set; }
    public List<Taint> Taints { get; set; } = [];
}

/// <summary>Keeps pods away that do not tolerate it.</summary>
public sealed record Taint
{
    public string Key { get; set; } = "";
    public string? Value { get; set; }

    /// <summary><c>NoSchedule</c>, <c>PreferNoSchedule</c> or <c>NoExecute</c>.</summary>
    public string Effect { get; set; } = "";

    public DateTimeOffset? TimeAdded { get; set; }
}

public sealed record NodeStatus
{
    public Dictionary<string, Quantity> Capacity { get; set; } = [];
    public Dictionary<string, Quantity> Allocatable { get; set; } = [];
    public string? Phase { get; set; }
    public List<NodeCondition> Conditions { get; set; } = [];
    public List<NodeAddress> Addresses { get; set; } = [];
    public NodeDaemonEndpoints? DaemonEndpoints { get; set; }
    public NodeSystemInfo? NodeInfo { get; set; }
    public List<ContainerImage> Images { get; set; } = [];
}

public sealed record NodeCondition
{
    public string Type { get; set; } = "";

    /// <summary><c>True</c>, <c>False</c> or <c>Unknown</c>.</summary>
    public string Status { get; set; } = "";

    public DateTimeOffset? LastHeartbeatTime { get; set; }
    public DateTimeOffset? LastTransitionTime { get; set; }
    public string? Reason { get; set; }
    public string? Message { get; set; }
}

public sealed record NodeAddress
{
    /// <summary><c>InternalIP</c>, <c>ExternalIP</c>, <c>Hostname</c>, ...</summary>
    public string Type { get; set; } = "";

    public string Address { get; set; } = "";
}

public sealed record NodeDaemonEndpoints
{
    public DaemonEndpoint? KubeletEndpoint { get; set; }
}

public sealed record DaemonEndpoint
{
    /// <summary>The kubelet's HTTPS port; Go writes this one name with a capital.</summary>
    [System.Text.Json.Serialization.JsonPropertyName("Port")]
    public int Port { get; set; }
}

public sealed record NodeSystemInfo
{
    public string MachineID { get; set; } = "";
    public string SystemUUID { get; set; } = "";
    public string BootID { get; set; } = "";
    public string KernelVersion { get; set; } = "";
    public string OSImage { get; set; } = "";
    public string ContainerRuntimeVersion { get; set; } = "";
    public string KubeletVersion { get; set; } = "";
    public string KubeProxyVersion { get; set; } = "";
    public string OperatingSystem { get; set; } = "";
    public string Architecture { get; set; } = "";
}

public sealed record ContainerImage
{
    public List<string> Names { get; set; } = [];
    public long? SizeBytes { get; set; }
}
