using Dataplane.Api;
using Dataplane.Api.Selectors;
using Dataplane.ControlPlane.Scheduling;

namespace Dataplane.ControlPlane.Controllers.Volumes;

/// <summary>Which volume fits a claim. Pure; the rules are those of Kubernetes' static binding.</summary>
internal static class VolumeMatch
{
    public const string BoundByController = "pv.kubernetes.io/bound-by-controller";
    public const string BindCompleted = "pv.kubernetes.io/bind-completed";
    public const string SelectedNode = "volume.kubernetes.io/selected-node";
    public const string NoProvisioner = "kubernetes.io/no-provisioner";

    private const string ClassAnnotation = "volume.beta.kubernetes.io/storage-class";

    public static string Class(PersistentVolumeClaim claim) =>
        claim.Metadata.Annotations.GetValueOrDefault(ClassAnnotation) ?? claim.Spec.StorageClassName ?? "";

    public static string Class(PersistentVolume volume) =>
        volume.Metadata.Annotations.GetValueOrDefault(ClassAnnotation) ?? volume.Spec.StorageClassName ?? "";

    /// <summary>Whether the controller has finished binding a claim.</summary>
    public static bool IsComplete(PersistentVolumeClaim claim) => claim.Metadata.Annotations.ContainsKey(BindCompleted);

    /// <summary>Whether a volume names this very claim, or one of its name and no other.</summary>
    public static bool IsFor(PersistentVolume volume, PersistentVolumeClaim claim) =>
        volume.Spec.ClaimRef is { } reference
        && reference.Name == claim.Metadata.Name
        && reference.Namespace == claim.Metadata.Namespace
        && (string.IsNullOrEmpty(reference.UID) || reference.UID == claim.Metadata.UID);

    /// <summary>The volume for a claim: one that names it, else the smallest that fits.</summary>
    /// <param name="claim">What is asked for.</param>
    /// <param name="volumes">All there are.</param>
    /// <param name="node">Where it is to be used; null where that does not matter.</param>
    /// <param name="onlyNamed">Take none that does not name the claim: the pod's node is not known yet.</param>
    /// <param name="taken">Names of volumes that are for others already.</param>
    public static PersistentVolume? Find(
        PersistentVolumeClaim claim, IEnumerable<PersistentVolume> volumes, Node? node = null, bool onlyNamed = false, IReadOnlySet<string>? taken = null)
    {
        PersistentVolume? smallest = null;
        foreach (var volume in volumes.OrderBy(volume => volume.Metadata.Name, StringComparer.Ordinal))
        {
            if (volume.Metadata.DeletionTimestamp is not null || taken?.Contains(volume.Metadata.Name) == true || !Holds(volume, claim)
                || (node is not null && !IsReachable(volume, node)))
            {
                continue;
            }

            if (IsFor(volume, claim))
            {
                return volume;
            }

            if (!onlyNamed && volume.Spec.ClaimRef is null && volume.Status.Phase == "Available" && Suits(volume, claim)
                && (smallest is null || Size(volume) < Size(smallest)))
            {
                smallest = volume;
            }
        }

        return smallest;
    }

    /// <summary>Whether a volume can be used from a node.</summary>
    public static bool IsReachable(PersistentVolume volume, Node node) =>
        volume.Spec.NodeAffinity?.Required is not { } required || NodeSelection.Matches(required, node);

    /// <summary>Whether a volume is large enough and of the kind wanted.</summary>
    public static bool Holds(PersistentVolume volume, PersistentVolumeClaim claim) =>
        (volume.Spec.VolumeMode ?? "Filesystem") == (claim.Spec.VolumeMode ?? "Filesystem")
        && Size(volume) >= claim.Spec.Resources.Requests.GetValueOrDefault("storage").Value;

    private static bool Suits(PersistentVolume volume, PersistentVolumeClaim claim) =>
        Class(volume) == Class(claim)
        && claim.Spec.AccessModes.TrueForAll(volume.Spec.AccessModes.Contains)
        && (claim.Spec.Selector is null || LabelSelectorExpression.Of(claim.Spec.Selector).Matches(volume.Metadata.Labels));

    private static decimal Size(PersistentVolume volume) => volume.Spec.Capacity.GetValueOrDefault("storage").Value;
}
