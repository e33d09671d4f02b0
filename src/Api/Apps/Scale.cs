namespace Dataplane.Api;

/// <summary>autoscaling/v1 Scale: the body of every <c>/scale</c> subresource.</summary>
public sealed record Scale : IKubernetesObject
{
    public string ApiVersion { get; set; } = "autoscaling/v1";
    public string Kind { get; set; } = "Scale";
    public ObjectMeta Metadata { get; set; } = new();
    public ScaleSpec Spec { get; set; } = new();
    public ScaleStatus Status { get; set; } = new();
}

public sealed record ScaleSpec
{
    public int Replicas { get; set; }
}

public sealed record ScaleStatus
{
    public int Replicas { get; set; }

    /// <summary>The pods' label selector in string form.</summary>
    public string? Selector { get; set; }
}
