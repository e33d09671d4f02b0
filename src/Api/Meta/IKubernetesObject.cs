namespace Dataplane.Api;

/// <summary>What every Kubernetes object carries.</summary>
public interface IKubernetesObject
{
    /// <summary><c>v1</c>, or <c>group/version</c>.</summary>
    string ApiVersion { get; set; }

    /// <summary>The kind in the singular: <c>Pod</c>.</summary>
    string Kind { get; set; }

    /// <summary>Name, namespace, version, labels and the rest of the common part.</summary>
    ObjectMeta Metadata { get; set; }
}

/// <summary>An object that an API server serves under a path of its own.</summary>
public interface IResource<TSelf> : IKubernetesObject
    where TSelf : IResource<TSelf>
{
    /// <summary>Where the kind is served.</summary>
    static abstract ResourceType Resource { get; }
}

/// <summary>Group, version and names of a resource. The core group is the empty string.</summary>
/// <param name="Group">Empty for the core group, else <c>apps</c>, <c>discovery.k8s.io</c>, ...</param>
/// <param name="Version"><c>v1</c>.</param>
/// <param name="Kind"><c>Pod</c>.</param>
/// <param name="Plural">The name in paths: <c>pods</c>.</param>
/// <param name="Namespaced">False for cluster-scoped resources.</param>
public sealed record ResourceType(string Group, string Version, string Kind, string Plural, bool Namespaced)
{
    /// <summary><c>v1</c> or <c>group/version</c>.</summary>
    public string ApiVersion { get; } = Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The path below the server's root, without a leading slash: <c>api/v1/namespaces/NS/pods</c>.</summary>
    /// <param name="ns">Empty or null for a cluster-scoped resource and for all namespaces at once.</param>
    public string Path(string? ns)
    {
        var root = Group.Length == 0 ? $"api/{Version}" : $"apis/{Group}/{Version}";
        return Namespaced && !string.IsNullOrEmpty(ns) ? $"{root}/namespaces/{Uri.EscapeDataString(ns)}/{Plural}" : $"{root}/{Plural}";
    }
}
