using System.Text.Json;

namespace Dataplane.Api;

/// <summary>The common part of every object (meta/v1 ObjectMeta).</summary>
public sealed record ObjectMeta
{
    public string Name { get; set; } = "";
    public string? GenerateName { get; set; }

    /// <summary>Empty for cluster-scoped objects.</summary>
    public string Namespace { get; set; } = "";

    public string UID { get; set; } = "";
    public string ResourceVersion { get; set; } = "";
    public long? Generation { get; set; }
    public DateTimeOffset? CreationTimestamp { get; set; }
    public DateTimeOffset? DeletionTimestamp { get; set; }
    public long? DeletionGracePeriodSeconds { get; set; }
    public Dictionary<string, string> Labels { get; set; } = [];
    public Dictionary<string, string> Annotations { get; set; } = [];
    public List<OwnerReference> OwnerReferences { get; set; } = [];
    public List<string> Finalizers { get; set; } = [];
    public List<ManagedFieldsEntry> ManagedFields { get; set; } = [];
}

/// <summary>An object this one belongs to; at most one of an object's owners is its controller.</summary>
public sealed record OwnerReference
{
    public string ApiVersion { get; set; } = "";
    public string Kind { get; set; } = "";
    public string Name { get; set; } = "";
    public string UID { get; set; } = "";
    public bool? Controller { get; set; }
    public bool? BlockOwnerDeletion { get; set; }
}

/// <summary>Which fields a writer owns (server-side apply).</summary>
public sealed record ManagedFieldsEntry
{
    public string? Manager { get; set; }

    /// <summary><c>Apply</c> or <c>Update</c>.</summary>
    public string? Operation { get; set; }

    public string? ApiVersion { get; set; }
    public DateTimeOffset? Time { get; set; }
    public string? FieldsType { get; set; }
    public JsonElement? FieldsV1 { get; set; }
    public string? Subresource { get; set; }
}
