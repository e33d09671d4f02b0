using System.Net;
using System.Text;
using Dataplane.Api;

namespace Dataplane.Kubelet.Pods;

/// <summary>The downward API: a pod's own fields as text.</summary>
/// <param name="PodIPs">Empty before the sandbox has any; the primary one first.</param>
internal sealed record PodFields(Pod Pod, IReadOnlyList<IPAddress> PodIPs, IReadOnlyList<IPAddress> HostIPs, string NodeName)
{
    /// <summary>What the node has for pods: the limits of a container that has none of its own.</summary>
    internal IReadOnlyDictionary<string, Quantity> Allocatable { get; init; } = new Dictionary<string, Quantity>();

    /// <exception cref="ConfigurationException">A path that is not in the downward API.</exception>
    internal string Value(string path)
    {
        var metadata = Pod.Metadata;
        return path switch
        {
            "metadata.name" => metadata.Name,
            "metadata.namespace" => metadata.Namespace,
            "metadata.uid" => metadata.UID,
            "metadata.labels" => Lines(metadata.Labels),
            "metadata.annotations" => Lines(metadata.Annotations),
            "spec.nodeName" => NodeName,
            "spec.serviceAccountName" => Pod.Spec.ServiceAccountName ?? "default",
            "status.podIP" => $"{PodIPs.FirstOrDefault()}",
            "status.podIPs" => string.Join(',', PodIPs),
            "status.hostIP" => $"{HostIPs.FirstOrDefault()}",
            "status.hostIPs" => string.Join(',', HostIPs),
            _ => Key(path, "metadata.labels", metadata.Labels) ?? Key(path, "metadata.annotations", metadata.Annotations)
                ?? throw new ConfigurationException($"unsupported fieldPath: {path}"),
        };
    }

    /// <summary><c>metadata.labels['app']</c>; an absent key is empty.</summary>
    private static string? Key(string path, string field, Dictionary<string, string> values)
    {
        var (prefix, suffix) = (field + "['", "']");
        return path.StartsWith(prefix, StringComparison.Ordinal) && path.EndsWith(suffix, StringComparison.Ordinal)
            ? values.GetValueOrDefault(path[prefix.Length..^suffix.Length], "")
            : null;
    }

    /// <summary>Sorted <c>key="value"</c> lines, quoted as Go does.</summary>
    private static string Lines(Dictionary<string, string> values)
    {
        var text = new StringBuilder();
        foreach (var (key, value) in values.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var quoted = value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
                .Replace("\n", "\\n", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal);
            text.Append(text.Length == 0 ? "" : "\n").Append(key).Append("=\"").Append(quoted).Append('"');
        }

        return text.ToString();
    }
}

/// <summary>The pod refers to something that is not there; the message goes into the container's state.</summary>
internal sealed class ConfigurationException(string message) : Exception(message);
