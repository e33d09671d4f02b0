namespace Dataplane.Api.Client;

/// <summary>How a PATCH body is to be read.</summary>
public enum PatchType
{
    /// <summary>RFC 6902.</summary>
    Json,

    /// <summary>RFC 7386.</summary>
    Merge,

    /// <summary>Kubernetes' own: lists merge by key.</summary>
    StrategicMerge,

    /// <summary>Server-side apply; JSON is YAML.</summary>
    Apply,
}

internal static class PatchTypes
{
    public static string MediaType(this PatchType type) => type switch
    {
        PatchType.Json => "application/json-patch+json",
        PatchType.Merge => "application/merge-patch+json",
        PatchType.StrategicMerge => "application/strategic-merge-patch+json",
        _ => "application/apply-patch+yaml",
    };
}
