using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dataplane.Api;

/// <summary>core/v1 Pod.</summary>
public sealed record Pod : IResource<Pod>
{
    public static ResourceType Resource { get; } = new("", "v1", "Pod", "pods", true);

    public string ApiVersion { get; set; } = "v1";
    public string Kind { get; set; } = "Pod";
    public ObjectMeta Metadata { get; set; } = new();
    public PodSpec Spec { get; set; } = new();
    public PodStatus Status { get; set; } = new();
}

/// <summary>The pod that a controller makes copies of.</summary>
public sealed record PodTemplateSpec
{
    public ObjectMeta Metadata { get; set; } = new();
    public PodSpec Spec { get; set; } = new();
}

public sealed record PodSpec
{
    public List<Volume> Volumes { get; set; } = [];
    public List<Container> InitContainers { get; set; } = [];
    public List<Container> Containers { get; set; } = [];

    /// <summary>Added to a pod that runs, by its subresource of that name only.</summary>
    public List<Container> EphemeralContainers { get; set; } = [];

    /// <summary><c>Always</c> (also when absent), <c>OnFailure</c> or <c>Never</c>.</summary>
    public string? RestartPolicy { get; set; }

    public long? TerminationGracePeriodSeconds { get; set; }
    public long? ActiveDeadlineSeconds { get; set; }

    /// <summary><c>ClusterFirst</c> (also when absent), <c>ClusterFirstWithHostNet</c>, <c>Default</c> or <c>None</c>.</summary>
    public string? DNSPolicy { get; set; }

    public PodDNSConfig? DNSConfig { get; set; }
    public Dictionary<string, string> NodeSelector { get; set; } = [];
    public string? ServiceAccountName { get; set; }

    /// <summary>The older name of <see cref="ServiceAccountName"/>, still written by upstream servers.</summary>
    public string? ServiceAccount { get; set; }

    public bool? AutomountServiceAccountToken { get; set; }

    /// <summary>Absent until the scheduler binds the pod.</summary>
    public string? NodeName { get; set; }

    public bool? HostNetwork { get; set; }
    public bool? HostPID { get; set; }
    public bool? HostIPC { get; set; }
    public bool? HostUsers { get; set; }
    public bool? ShareProcessNamespace { get; set; }
    public PodSecurityContext? SecurityContext { get; set; }
    public List<LocalObjectReference> ImagePullSecrets { get; set; } = [];
    public string? Hostname { get; set; }
    public string? Subdomain { get; set; }
    public bool? SetHostnameAsFQDN { get; set; }
    public Affinity? Affinity { get; set; }
    public string? SchedulerName { get; set; }
    public List<Toleration> Tolerations { get; set; } = [];
    public List<HostAlias> HostAliases { get; set; } = [];
    public string? PriorityClassName { get; set; }
    public int? Priority { get; set; }
    public string? PreemptionPolicy { get; set; }
    public List<PodReadinessGate> ReadinessGates { get; set; } = [];
    public List<PodSchedulingGate> SchedulingGates { get; set; } = [];
    public string? RuntimeClassName { get; set; }
    public bool? EnableServiceLinks { get; set; }
    public Dictionary<string, Quantity> Overhead { get; set; } = [];
    public List<TopologySpreadConstraint> TopologySpreadConstraints { get; set; } = [];

    /// <summary>Fields that nothing here reads. They are carried along, so that a pod made of a template has all of it.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

public sealed record PodDNSConfig
{
    public List<string> Nameservers { get; set; } = [];
    public List<string> Searches { get; set; } = [];
    public List<PodDNSConfigOption> Options { get; set; } = [];
}

public sealed record PodDNSConfigOption
{
    public string Name { get; set; } = "";
    public string? Value { get; set; }
}

/// <summary>A line of the pod's /etc/hosts.</summary>
public sealed record HostAlias
{
    public string IP { get; set; } = "";
    public List<string> Hostnames { get; set; } = [];
}

public sealed record PodReadinessGate
{
    public string ConditionType { get; set; } = "";
}

public sealed record PodSchedulingGate
{
    public string Name { get; set; } = "";
}

public sealed record PodSecurityContext
{
    public long? RunAsUser { get; set; }
    public long? RunAsGroup { get; set; }
    public bool? RunAsNonRoot { get; set; }
    public List<long> SupplementalGroups { get; set; } = [];
    public long? FSGroup { get; set; }
    public string? FSGroupChangePolicy { get; set; }
    public List<Sysctl> Sysctls { get; set; } = [];
    public SeccompProfile? SeccompProfile { get; set; }

    /// <inheritdoc cref="PodSpec.Others"/>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

public sealed record Sysctl
{
    public string Name { get; set; } = "";
    public string Value { get; set; } = "";
}

public sealed record SeccompProfile
{
    /// <summary><c>RuntimeDefault</c>, <c>Unconfined</c> or <c>Localhost</c>.</summary>
    public string Type { get; set; } = "";

    public string? LocalhostProfile { get; set; }
}
