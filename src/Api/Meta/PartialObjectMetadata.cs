namespace Dataplane.Api;

/// <summary>The metadata of an object of any kind, for those that look no further (meta/v1 PartialObjectMetadata).</summary>
public sealed record PartialObjectMetadata : IKubernetesObject
{
    public string ApiVersion { get; set; } = "meta.k8s.io/v1";
    public string Kind { get; set; } = "PartialObjectMetadata";
    public ObjectMeta Metadata { get; set; } = new();
}
