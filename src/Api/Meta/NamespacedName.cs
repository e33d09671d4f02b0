namespace Dataplane.Api;

/// <summary>The key of an object within its resource. Cluster-scoped objects have an empty namespace.</summary>
public readonly record struct NamespacedName(string Namespace, string Name)
{
    /// <summary>The key of an object.</summary>
    public static NamespacedName Of(IKubernetesObject obj) => new(obj.Metadata.Namespace, obj.Metadata.Name);

    /// <summary>Reads <c>ns/name</c>, or <c>name</c> for a cluster-scoped object.</summary>
    public static NamespacedName Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? new NamespacedName("", text) : new NamespacedName(text[..slash], text[(slash + 1)..]);
    }

    /// <inheritdoc/>
    public override string ToString() => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";
}
