namespace Dataplane.Api;

/// <summary>core/v1 ConfigMap.</summary>
public sealed record ConfigMap : IResource<ConfigMap>
{
    public static ResourceType Resource { get; } = new("", "v1", "ConfigMap", "configmaps", true);

    public string ApiVersion { get; set; } = "v1";
    public string Kind { get; set; } = "ConfigMap";
    public ObjectMeta Metadata { get; set; } = new();
    public bool? Immutable { get; set; }
    public Dictionary<string, string> Data { get; set; } = [];

    /// <summary>Base64 in JSON.</summary>
    public Dictionary<string, byte[]> BinaryData { get; set; } = [];
}

/// <summary>core/v1 Secret.</summary>
public sealed record Secret : IResource<Secret>
{
    public static ResourceType Resource { get; } = new("", "v1", "Secret", "secrets", true);

    public string ApiVersion { get; set; } = "v1";
    public string Kind { get; set; } = "Secret";
    public ObjectMeta Metadata { get; set; } = new();
    public bool? Immutable { get; set; }

    /// <summary>Base64 in JSON.</summary>
    public Dictionary<string, byte[]> Data { get; set; } = [];

    /// <summary>Write-only: the server merges it into <see cref="Data"/>.</summary>
    public Dictionary<string, string> StringData { get; set; } = [];

    /// <summary><c>Opaque</c> when absent.</summary>
    public string? Type { get; set; }
}

/// <summary>core/v1 ServiceAccount.</summary>
public sealed record ServiceAccount : IResource<ServiceAccount>
{
    public static ResourceType Resource { get; } = new("", "v1", "ServiceAccount", "serviceaccounts", true);

    public string ApiVersion { get; set; } = "v1";
    public string Kind { get; set; } = "ServiceAccount";
    public ObjectMeta Metadata { get; set; } = new();
    public List<ObjectReference> Secrets { get; set; } = [];
    public List<LocalObjectReference> ImagePullSecrets { get; set; } = [];
    public bool? AutomountServiceAccountToken { get; set; }
}
