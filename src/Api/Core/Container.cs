using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dataplane.Api;

/// <summary>core/v1 Container.</summary>
public sealed record Container
{
    public string Name { get; set; } = "";
    public string? Image { get; set; }
    public List<string> Command { get; set; } = [];
    public List<string> Args { get; set; } = [];
    public string? WorkingDir { get; set; }
    public List<ContainerPort> Ports { get; set; } = [];
    public List<EnvFromSource> EnvFrom { get; set; } = [];
    public List<EnvVar> Env { get; set; } = [];
    public ResourceRequirements Resources { get; set; } = new();

    /// <summary>What a change of <see cref="Resources"/> asks of a container that runs; nothing where a resource is not named.</summary>
    public List<ContainerResizePolicy> ResizePolicy { get; set; } = [];

    /// <summary>On an init container, <c>Always</c> makes it a sidecar.</summary>
    public string? RestartPolicy { get; set; }

    public List<VolumeMount> VolumeMounts { get; set; } = [];
    public Probe? LivenessProbe { get; set; }
    public Probe? ReadinessProbe { get; set; }
    public Probe? StartupProbe { get; set; }
    public Lifecycle? Lifecycle { get; set; }
    public string? TerminationMessagePath { get; set; }
    public string? TerminationMessagePolicy { get; set; }
    public string? ImagePullPolicy { get; set; }
    public SecurityContext? SecurityContext { get; set; }
    public bool? Stdin { get; set; }
    public bool? StdinOnce { get; set; }
    public bool? TTY { get; set; }

    /// <summary>Of an ephemeral container only: the one whose processes it sees.</summary>
    public string? TargetContainerName { get; set; }

    /// <inheritdoc cref="PodSpec.Others"/>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

public sealed record ContainerPort
{
    public string? Name { get; set; }
    public int? HostPort { get; set; }

    [JsonPropertyName("containerPort")]
    public int Port { get; set; }

    /// <summary><c>TCP</c> (also when absent), <c>UDP</c> or <c>SCTP</c>.</summary>
    public string? Protocol { get; set; }

    public string? HostIP { get; set; }
}

public sealed record ContainerResizePolicy
{
    /// <summary><c>cpu</c> or <c>memory</c>.</summary>
    public string ResourceName { get; set; } = "";

    /// <summary><c>NotRequired</c> or <c>RestartContainer</c>.</summary>
    public string RestartPolicy { get; set; } = "";
}

public sealed record ResourceRequirements
{
    public Dictionary<string, Quantity> Limits { get; set; } = [];
    public Dictionary<string, Quantity> Requests { get; set; } = [];

    /// <inheritdoc cref="PodSpec.Others"/>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

public sealed record VolumeMount
{
    public string Name { get; set; } = "";
    public bool? ReadOnly { get; set; }
    public string MountPath { get; set; } = "";
    public string? SubPath { get; set; }
    public string? SubPathExpr { get; set; }
    public string? MountPropagation { get; set; }
    public string? RecursiveReadOnly { get; set; }

    /// <inheritdoc cref="PodSpec.Others"/>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

public sealed record SecurityContext
{
    public Capabilities? Capabilities { get; set; }
    public bool? Privileged { get; set; }
    public long? RunAsUser { get; set; }
    public long? RunAsGroup { get; set; }
    public bool? RunAsNonRoot { get; set; }
    public bool? ReadOnlyRootFilesystem { get; set; }
    public bool? AllowPrivilegeEscalation { get; set; }
    public string? ProcMount { get; set; }
    public SeccompProfile? SeccompProfile { get; set; }

    /// <inheritdoc cref="PodSpec.Others"/>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

/// <summary>Names without <c>CAP_</c>, or <c>ALL</c>.</summary>
public sealed record Capabilities
{
    public List<string> Add { get; set; } = [];
    public List<string> Drop { get; set; } = [];
}
