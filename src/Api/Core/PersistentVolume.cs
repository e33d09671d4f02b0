namespace Dataplane.Api;

/// <summary>core/v1 PersistentVolume, the parts that binding and this suite's kubelet need; writers patch, so that the rest stays.</summary>
public sealed record PersistentVolume : IResource<PersistentVolume>
{
    public static ResourceType Resource { get; } = new("", "v1", "PersistentVolume", "persistentvolumes", false);

    public string ApiVersion { get; set; } = "v1";
    public string Kind { get; set; } = "PersistentVolume";
    public ObjectMeta Metadata { get; set; } = new();
    public PersistentVolumeSpec Spec { get; set; } = new();
    public PersistentVolumeStatus Status { get; set; } = new();
}

public sealed record PersistentVolumeSpec
{
    public Dictionary<string, Quantity> Capacity { get; set; } = [];
    public List<string> AccessModes { get; set; } = [];

    /// <summary>The claim the volume is for; without a uid it waits for one of that name.</summary>
    public ObjectReference? ClaimRef { get; set; }

    /// <summary><c>Retain</c>, <c>Delete</c> or <c>Recycle</c>.</summary>
    public string? PersistentVolumeReclaimPolicy { get; set; }

    public string? StorageClassName { get; set; }

    /// <summary><c>Filesystem</c> (also when absent) or <c>Block</c>.</summary>
    public string? VolumeMode { get; set; }

    public VolumeNodeAffinity? NodeAffinity { get; set; }
    public HostPathVolumeSource? HostPath { get; set; }
    public LocalVolumeSource? Local { get; set; }
}

/// <summary>The nodes a volume can be used from.</summary>
public sealed record VolumeNodeAffinity
{
    public NodeSelector? Required { get; set; }
}

/// <summary>A directory of one node.</summary>
public sealed record LocalVolumeSource
{
    public string Path { get; set; } = "";
}

public sealed record PersistentVolumeStatus
{
    /// <summary><c>Pending</c>, <c>Available</c>, <c>Bound</c>, <c>Released</c> or <c>Failed</c>.</summary>
    public string? Phase { get; set; }

    public string? Message { get; set; }
    public string? Reason { get; set; }
}
