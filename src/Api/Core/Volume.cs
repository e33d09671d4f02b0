using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dataplane.Api;

/// <summary>core/v1 Volume: a name and exactly one source.</summary>
public sealed record Volume
{
    public string Name { get; set; } = "";
    public HostPathVolumeSource? HostPath { get; set; }
    public EmptyDirVolumeSource? EmptyDir { get; set; }
    public SecretVolumeSource? Secret { get; set; }
    public DownwardAPIVolumeSource? DownwardAPI { get; set; }
    public ConfigMapVolumeSource? ConfigMap { get; set; }
    public ProjectedVolumeSource? Projected { get; set; }
    public PersistentVolumeClaimVolumeSource? PersistentVolumeClaim { get; set; }

    /// <inheritdoc cref="PodSpec.Others"/>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

public sealed record HostPathVolumeSource
{
    public string Path { get; set; } = "";

    /// <summary>Empty, <c>Directory</c>, <c>DirectoryOrCreate</c>, <c>File</c>, <c>FileOrCreate</c>, <c>Socket</c>, ...</summary>
    public string? Type { get; set; }
}

public sealed record EmptyDirVolumeSource
{
    /// <summary>Empty, or <c>Memory</c> for a tmpfs.</summary>
    public string? Medium { get; set; }

    public Quantity? SizeLimit { get; set; }
}

public sealed record SecretVolumeSource
{
    public string? SecretName { get; set; }
    public List<KeyToPath> Items { get; set; } = [];

    /// <summary>Permission bits, decimal in JSON; 0644 when absent.</summary>
    public int? DefaultMode { get; set; }

    public bool? Optional { get; set; }
}

public sealed record ConfigMapVolumeSource
{
    public string? Name { get; set; }
    public List<KeyToPath> Items { get; set; } = [];

    /// <summary>Permission bits, decimal in JSON; 0644 when absent.</summary>
    public int? DefaultMode { get; set; }

    public bool? Optional { get; set; }
}

public sealed record KeyToPath
{
    public string Key { get; set; } = "";
    public string Path { get; set; } = "";
    public int? Mode { get; set; }
}

public sealed record DownwardAPIVolumeSource
{
    public List<DownwardAPIVolumeFile> Items { get; set; } = [];
    public int? DefaultMode { get; set; }
}

public sealed record DownwardAPIVolumeFile
{
    public string Path { get; set; } = "";
    public ObjectFieldSelector? FieldRef { get; set; }
    public ResourceFieldSelector? ResourceFieldRef { get; set; }
    public int? Mode { get; set; }
}

public sealed record ProjectedVolumeSource
{
    public List<VolumeProjection> Sources { get; set; } = [];
    public int? DefaultMode { get; set; }
}

public sealed record VolumeProjection
{
    public SecretProjection? Secret { get; set; }
    public DownwardAPIProjection? DownwardAPI { get; set; }
    public ConfigMapProjection? ConfigMap { get; set; }
    public ServiceAccountTokenProjection? ServiceAccountToken { get; set; }

    /// <inheritdoc cref="PodSpec.Others"/>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

public sealed record SecretProjection
{
    public string? Name { get; set; }
    public List<KeyToPath> Items { get; set; } = [];
    public bool? Optional { get; set; }
}

public sealed record DownwardAPIProjection
{
    public List<DownwardAPIVolumeFile> Items { get; set; } = [];
}

public sealed record ConfigMapProjection
{
    public string? Name { get; set; }
    public List<KeyToPath> Items { get; set; } = [];
    public bool? Optional { get; set; }
}

public sealed record ServiceAccountTokenProjection
{
    public string? Audience { get; set; }
    public long? ExpirationSeconds { get; set; }
    public string Path { get; set; } = "";
}

public sealed record PersistentVolumeClaimVolumeSource
{
    public string ClaimName { get; set; } = "";
    public bool? ReadOnly { get; set; }
}
