namespace Dataplane.Api.Client;

/// <summary>What happened to an object.</summary>
public enum InformerChangeType
{
    Added,
    Updated,
    Deleted,
}

/// <summary>One change of an informer's objects.</summary>
/// <param name="Type">What happened.</param>
/// <param name="Old">The object before; null when added.</param>
/// <param name="New">The object now; null when deleted.</param>
public readonly record struct InformerChange<T>(InformerChangeType Type, T? Old, T? New)
    where T : class, IKubernetesObject
{
    /// <summary>The newest state known: what there is, or what there was last.</summary>
    public T Object => New ?? Old!;

    /// <summary>Which object.</summary>
    public NamespacedName Name => Gone ?? NamespacedName.Of(Object);

    /// <summary>A deletion nobody saw, of an object that was not kept: neither <see cref="Old"/> nor <see cref="New"/> is there.</summary>
    internal NamespacedName? Gone { get; init; }
}

/// <summary>Which objects an informer follows.</summary>
public sealed record InformerOptions
{
    /// <summary>Null for all namespaces.</summary>
    public string? Namespace { get; init; }

    /// <summary>Query parameter form.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>Query parameter form.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>Objects in one answer of the first list.</summary>
    public int ChunkSize { get; init; } = 500;
}
