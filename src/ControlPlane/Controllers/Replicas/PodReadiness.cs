using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.EndpointSlices;

namespace Dataplane.ControlPlane.Controllers.Replicas;

/// <summary>How far along a pod is.</summary>
internal static class PodReadiness
{
    /// <summary>Neither ended nor ending.</summary>
    public static bool IsActive(Pod pod) => pod.Status.Phase is not ("Succeeded" or "Failed") && pod.Metadata.DeletionTimestamp is null;

    /// <summary>When a pod becomes or became available: ready for a time without a break. Null when it is not ready.</summary>
    public static DateTimeOffset? AvailableAt(Pod pod, TimeSpan minReady) =>
        PodEndpoints.ReadyCondition(pod) is { Status: "True" } ready
            ? minReady == TimeSpan.Zero ? DateTimeOffset.MinValue : (ready.LastTransitionTime ?? DateTimeOffset.MaxValue - minReady) + minReady
            : null;
}
