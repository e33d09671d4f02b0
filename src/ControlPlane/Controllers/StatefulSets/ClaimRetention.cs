using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.Machinery;

namespace Dataplane.ControlPlane.Controllers.StatefulSets;

/// <summary>
/// What happens to the claims of a stateful set (KEP-1847): a claim that is to go with the set is owned by the set, one that is to
/// go with a pod being scaled away is owned by that pod. The garbage collector does the rest. Pure.
/// </summary>
internal static class ClaimRetention
{
    /// <summary>The owners a claim should have.</summary>
    /// <param name="set">The set.</param>
    /// <param name="claim">The claim as it is.</param>
    /// <param name="pod">Its pod.</param>
    /// <param name="condemned">Whether the pod is one too many.</param>
    public static List<OwnerReference> Owners(StatefulSet set, PersistentVolumeClaim claim, Pod pod, bool condemned)
    {
        var policy = set.Spec.PersistentVolumeClaimRetentionPolicy;
        var withPod = condemned && policy?.WhenScaled == "Delete";
        var withSet = policy?.WhenDeleted == "Delete" && !withPod;
        var owners = claim.Metadata.OwnerReferences.FindAll(owner => owner.UID != set.Metadata.UID && owner.UID != pod.Metadata.UID);
        if (owners.Exists(owner => owner.Controller == true))
        {
            // Somebody else decides over this claim.
            return claim.Metadata.OwnerReferences;
        }

        return [.. owners, .. withSet ? [ControllerReference.To(set)] : (OwnerReference[])[], .. withPod ? [ControllerReference.To(pod)] : (OwnerReference[])[]];
    }

    /// <summary>Whether a claim still belongs to an earlier pod of a name, with which it will go.</summary>
    public static bool IsLeaving(PersistentVolumeClaim claim, string podName) =>
        claim.Metadata.OwnerReferences.Exists(owner => owner.Kind == Pod.Resource.Kind && owner.Name == podName);
}
