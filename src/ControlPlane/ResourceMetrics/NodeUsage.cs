using Dataplane.Api;

namespace Dataplane.ControlPlane.ResourceMetrics;

/// <summary>Two answers of a kubelet, and what was used from the one to the other.</summary>
internal sealed record NodeUsage(NodeSample Before, NodeSample Last)
{
    /// <summary>Null when the kubelet does not tell of its node.</summary>
    public Usage? Node => Last.Node is { } node ? Usage.Between(Before.Node, node) : null;

    /// <returns>Containers in the order of their names; null as long as nothing can be said of one of them.</returns>
    public IReadOnlyList<(string Container, Usage Usage)>? Of(NamespacedName pod)
    {
        if (!Last.Pods.TryGetValue(pod, out var points))
        {
            return null;
        }

        var before = Before.Pods.GetValueOrDefault(pod);
        var usages = new List<(string, Usage)>();
        foreach (var (container, point) in points.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            if (Usage.Between(before?.GetValueOrDefault(container), point) is not { } usage)
            {
                return null;
            }

            usages.Add((container, usage));
        }

        return usages;
    }
}
