namespace Dataplane.Api;

/// <summary>core/v1 Service.</summary>
public sealed record Service : IResource<Service>
{
    public static ResourceType Resource { get; } = new("", "v1", "Service", "services", true);

    public string ApiVersion { get; set; } = "v1";
    public string Kind { get; set; } = "Service";
    public ObjectMeta Metadata { get; set; } = new();
    public ServiceSpec Spec { get; set; } = new();
    public ServiceStatus Status { get; set; } = new();
}

public sealed record ServiceSpec
{
    public List<ServicePort> Ports { get; set; } = [];
    public Dictionary<string, string> Selector { get; set; } = [];

    /// <summary>An address, <c>None</c> for a headless service, or empty before allocation.</summary>
    public string? ClusterIP { get; set; }

    public List<string> ClusterIPs { get; set; } = [];

    /// <summary><c>ClusterIP</c> (also when absent), <c>NodePort</c>, <c>LoadBalancer</c> or <c>ExternalName</c>.</summary>
    public string? Type { get; set; }

    public List<string> ExternalIPs { get; set; } = [];

    /// <summary><c>None</c> (also when absent) or <c>ClientIP</c>.</summary>
    public string? SessionAffinity { get; set; }

    public string? LoadBalancerIP { get; set; }
    public List<string> LoadBalancerSourceRanges { get; set; } = [];
    public string? ExternalName { get; set; }

    /// <summary><c>Cluster</c> (also when absent) or <c>Local</c>.</summary>
    public string? ExternalTrafficPolicy { get; set; }

    public int? HealthCheckNodePort { get; set; }
    public bool? PublishNotReadyAddresses { get; set; }
    public SessionAffinityConfig? SessionAffinityConfig { get; set; }
    public List<string> IPFamilies { get; set; } = [];
    public string? IPFamilyPolicy { get; set; }
    public bool? AllocateLoadBalancerNodePorts { get; set; }
    public string? LoadBalancerClass { get; set; }

    /// <summary><c>Cluster</c> (also when absent) or <c>Local</c>.</summary>
    public string? InternalTrafficPolicy { get; set; }

    public string? TrafficDistribution { get; set; }
}

public sealed record ServicePort
{
    public string Name { get; set; } = "";

    /// <summary><c>TCP</c> (also when absent), <c>UDP</c> or <c>SCTP</c>.</summary>
    public string? Protocol { get; set; }

    public string? AppProtocol { get; set; }
    public int Port { get; set; }

    /// <summary>The pod's port or its name; the same as <see cref="Port"/> when absent.</summary>
    public IntOrString? TargetPort { get; set; }

    public int? NodePort { get; set; }
}

public sealed record SessionAffinityConfig
{
    public ClientIPConfig? ClientIP { get; set; }
}

public sealed record ClientIPConfig
{
    /// <summary>Seconds, 1 to 86400.</summary>
    public int? TimeoutSeconds { get; set; }
}

public sealed record ServiceStatus
{
    public LoadBalancerStatus LoadBalancer { get; set; } = new();
    public List<Condition> Conditions { get; set; } = [];
}

public sealed record LoadBalancerStatus
{
    public List<LoadBalancerIngress> Ingress { get; set; } = [];
}

public sealed record LoadBalancerIngress
{
    public string? IP { get; set; }
    public string? Hostname { get; set; }

    /// <summary><c>VIP</c> (also when absent) or <c>Proxy</c> (KEP-1860).</summary>
    public string? IPMode { get; set; }

    public List<PortStatus> Ports { get; set; } = [];
}

public sealed record PortStatus
{
    public int Port { get; set; }
    public string Protocol { get; set; } = "";
    public string? Error { get; set; }
}
