using Dataplane.Api;

namespace Dataplane.Kubelet.Pods;

/// <summary>A pod's parts and its name as events tell of them.</summary>
internal static class PodContainers
{
    /// <summary>All there are: init containers, the pod's own, ephemeral ones.</summary>
    internal static IEnumerable<Container> Of(PodSpec spec) => spec.InitContainers.Concat(spec.Containers).Concat(spec.EphemeralContainers);

    /// <summary>Where in the pod a container is.</summary>
    internal static string FieldOf(PodSpec spec, string container)
    {
        var list = spec.InitContainers.Exists(one => one.Name == container) ? "initContainers"
            : spec.EphemeralContainers.Exists(one => one.Name == container) ? "ephemeralContainers"
            : "containers";
        return $"spec.{list}{{{container}}}";
    }

    /// <summary><c>name_namespace(uid)</c>.</summary>
    internal static string NameOf(Pod pod) => $"{pod.Metadata.Name}_{pod.Metadata.Namespace}({pod.Metadata.UID})";
}
