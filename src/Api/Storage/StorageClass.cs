namespace Dataplane.Api;

/// <summary>storage.k8s.io/v1 StorageClass, the parts that binding needs.</summary>
public sealed record StorageClass : IResource<StorageClass>
{
    public const string DefaultAnnotation = "storageclass.kubernetes.io/is-default-class";

    public static ResourceType Resource { get; } = new("storage.k8s.io", "v1", "StorageClass", "storageclasses", false);

    public string ApiVersion { get; set; } = "storage.k8s.io/v1";
    public string Kind { get; set; } = "StorageClass";
    public ObjectMeta Metadata { get; set; } = new();
    public string Provisioner { get; set; } = "";

    /// <summary><c>Immediate</c> (also when absent) or <c>WaitForFirstConsumer</c>.</summary>
    public string? VolumeBindingMode { get; set; }
}
