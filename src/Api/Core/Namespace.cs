namespace Dataplane.Api;

/// <summary>core/v1 Namespace.</summary>
public sealed record Namespace : IResource<Namespace>
{
    public static ResourceType Resource { get; } = new("", "v1", "Namespace", "namespaces", false);

    public string ApiVersion { get; set; } = "v1";
    public string Kind { get; set; } = "Namespace";
    public ObjectMeta Metadata { get; set; } = new();
    public NamespaceSpec Spec { get; set; } = new();
    public NamespaceStatus Status { get; set; } = new();
}

public sealed record NamespaceSpec
{
    /// <summary>Who must still agree that the namespace goes; <c>kubernetes</c> is the namespace controller.</summary>
    public List<string> Finalizers { get; set; } = [];
}

public sealed record NamespaceStatus
{
    /// <summary><c>Active</c> or <c>Terminating</c>.</summary>
    public string? Phase { get; set; }

    public List<NamespaceCondition> Conditions { get; set; } = [];
}

public sealed record NamespaceCondition
{
    public string Type { get; set; } = "";
    public string Status { get; set; } = "";
    public DateTimeOffset? LastTransitionTime { get; set; }
    public string? Reason { get; set; }
    public string? Message { get; set; }
}
