using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.Machinery;

namespace Dataplane.ControlPlane.Scheduling;

/// <summary>Picks the best of the nodes a pod can run on. Pure.</summary>
/// <remarks>
/// In this order: fewest discouraging taints, most preferred, fewest pods of the same kind (so that replicas spread), least
/// allocated, fewest pods, name.
/// </remarks>
internal static class NodeRanking
{
    public static NodeState Best(Pod pod, IEnumerable<NodeState> nodes) => nodes
        .OrderBy(state => Taints.Discouraging(pod, state.Node!))
        .ThenByDescending(state => NodeSelection.PreferredWeight(pod, state.Node!))
        .ThenBy(state => state.Pods.Count(other => IsOfTheSameKind(pod, other)))
        .ThenBy(Allocated)
        .ThenBy(state => state.Pods.Count)
        .ThenBy(state => state.Name, StringComparer.Ordinal)
        .First();

    private static bool IsOfTheSameKind(Pod pod, Pod other)
    {
        if (other.Metadata.Namespace != pod.Metadata.Namespace || other.Metadata.DeletionTimestamp is not null)
        {
            return false;
        }

        if (ControllerReference.Of(pod.Metadata) is { } controller)
        {
            return ControllerReference.Of(other.Metadata)?.UID == controller.UID;
        }

        return pod.Metadata.Labels.Count > 0
            && pod.Metadata.Labels.Count == other.Metadata.Labels.Count
            && pod.Metadata.Labels.All(label => other.Metadata.Labels.GetValueOrDefault(label.Key) == label.Value);
    }

    /// <summary>The mean of the shares of CPU and memory asked for, in hundredths.</summary>
    private static long Allocated(NodeState state)
    {
        var allocatable = state.Node!.Status.Allocatable;
        var cpu = allocatable.GetValueOrDefault("cpu").MilliValue;
        var memory = allocatable.GetValueOrDefault("memory").WholeValue;
        return ((cpu > 0 ? state.MilliCpu * 100 / cpu : 0) + (memory > 0 ? (long)(state.Memory * 100m / memory) : 0)) / 2;
    }
}
