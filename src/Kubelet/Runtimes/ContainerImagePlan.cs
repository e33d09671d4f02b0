namespace Dataplane.Kubelet.Runtimes;

/// <summary>What an image name stands for.</summary>
internal record ContainerImagePlan
{
    /// <summary>As the pod names it.</summary>
    public required string Name { get; init; }

    /// <summary>Names the content; shown as imageID.</summary>
    public required string Id { get; init; }

    /// <summary>USER of the image: a number or a name, perhaps with a group after a colon; empty for root.</summary>
    public string User { get; init; } = "";

    /// <summary>Bytes; 0 when not known.</summary>
    public long Size { get; init; }
}
