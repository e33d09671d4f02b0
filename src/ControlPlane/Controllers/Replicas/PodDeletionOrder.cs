using System.Globalization;
using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.EndpointSlices;

namespace Dataplane.ControlPlane.Controllers.Replicas;

/// <summary>Which pods go first when there are too many: those whose loss costs least.</summary>
/// <remarks>
/// In this order: without a node, pending, not ready, cheaper by the annotation (KEP-2255), sharing a node with more of their
/// kind, ready for less long, restarted more often, younger.
/// </remarks>
internal sealed class PodDeletionOrder(IReadOnlyCollection<Pod> pods) : IComparer<Pod>
{
    private const string DeletionCost = "controller.kubernetes.io/pod-deletion-cost";

    private readonly Dictionary<string, int> _perNode = pods
        .Where(pod => !string.IsNullOrEmpty(pod.Spec.NodeName))
        .GroupBy(pod => pod.Spec.NodeName!)
        .ToDictionary(group => group.Key, group => group.Count());

    public int Compare(Pod? left, Pod? right)
    {
        foreach (var key in Keys)
        {
            var order = key(this, left!).CompareTo(key(this, right!));
            if (order != 0)
            {
                return order;
            }
        }

        return string.CompareOrdinal(left!.Metadata.Name, right!.Metadata.Name);
    }

    private static readonly Func<PodDeletionOrder, Pod, long>[] Keys =
    [
        (_, pod) => string.IsNullOrEmpty(pod.Spec.NodeName) ? 0 : 1,
        (_, pod) => pod.Status.Phase switch { "Running" => 2, "Unknown" => 1, _ => 0 },
        (_, pod) => PodEndpoints.IsReady(pod) ? 1 : 0,
        (_, pod) => int.TryParse(pod.Metadata.Annotations.GetValueOrDefault(DeletionCost), CultureInfo.InvariantCulture, out var cost) ? cost : 0,
        (order, pod) => -order._perNode.GetValueOrDefault(pod.Spec.NodeName ?? ""),
        (_, pod) => PodEndpoints.IsReady(pod) ? -(PodEndpoints.ReadyCondition(pod)!.LastTransitionTime?.UtcTicks ?? 0) : 0,
        (_, pod) => -pod.Status.ContainerStatuses.Select(status => status.RestartCount).DefaultIfEmpty().Max(),
        (_, pod) => -(pod.Metadata.CreationTimestamp?.UtcTicks ?? 0),
    ];
}
