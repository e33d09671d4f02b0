using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dataplane.Api;

/// <summary>core/v1 PersistentVolumeClaim.</summary>
public sealed record PersistentVolumeClaim : IResource<PersistentVolumeClaim>
{
    public static ResourceType Resource { get; } = new("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true);

    public string ApiVersion { get; set; } = "v1";
    public string Kind { get; set; } = "PersistentVolumeClaim";
    public ObjectMeta Metadata { get; set; } = new();
    public PersistentVolumeClaimSpec Spec { get; set; } = new();
    public PersistentVolumeClaimStatus Status { get; set; } = new();
}

public sealed record PersistentVolumeClaimSpec
{
    public List<string> AccessModes { get; set; } = [];
    public LabelSelector? Selector { get; set; }
    public ResourceRequirements Resources { get; set; } = new();

    /// <summary>The volume bound to the claim.</summary>
    public string? VolumeName { get; set; }

    /// <summary>Absent: the default class; empty: none.</summary>
    public string? StorageClassName { get; set; }

    /// <summary><c>Filesystem</c> (also when absent) or <c>Block</c>.</summary>
    public string? VolumeMode { get; set; }

    /// <summary>Fields that nothing here reads, carried along.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

public sealed record PersistentVolumeClaimStatus
{
    /// <summary><c>Pending</c>, <c>Bound</c> or <c>Lost</c>.</summary>
    public string? Phase { get; set; }

    public List<string> AccessModes { get; set; } = [];
    public Dictionary<string, Quantity> Capacity { get; set; } = [];

    /// <summary>Fields that nothing here reads, carried along.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}
