using Dataplane.Api;
using Dataplane.Api.Selectors;

namespace Dataplane.ControlPlane.Controllers.Replicas;

/// <summary>What a ReplicaSet and a ReplicationController have in common: so many pods of a template.</summary>
/// <param name="Metadata">The owner's metadata.</param>
/// <param name="Replicas">Pods wanted.</param>
/// <param name="Selector">Which pods count.</param>
/// <param name="Template">What new pods are made of; null (a ReplicationController may lack it) makes none.</param>
/// <param name="MinReady">How long a pod must be ready to be available.</param>
/// <param name="Status">The status last written.</param>
internal sealed record ReplicaOwner(
    ObjectMeta Metadata, int Replicas, LabelSelectorExpression Selector, PodTemplateSpec? Template, TimeSpan MinReady, ReplicaSetStatus Status)
{
    public static ReplicaOwner Of(ReplicaSet set) => new(
        set.Metadata,
        set.Spec.Replicas ?? 1,
        LabelSelectorExpression.Of(set.Spec.Selector),
        set.Spec.Template,
        TimeSpan.FromSeconds(set.Spec.MinReadySeconds ?? 0),
        set.Status);

    public static ReplicaOwner Of(ReplicationController controller) => new(
        controller.Metadata,
        controller.Spec.Replicas ?? 1,
        LabelSelectorExpression.OfLabels(controller.Spec.Selector),
        controller.Spec.Template,
        TimeSpan.FromSeconds(controller.Spec.MinReadySeconds ?? 0),
        new ReplicaSetStatus
        {
            Replicas = controller.Status.Replicas,
            FullyLabeledReplicas = controller.Status.FullyLabeledReplicas,
            ReadyReplicas = controller.Status.ReadyReplicas,
            AvailableReplicas = controller.Status.AvailableReplicas,
            ObservedGeneration = controller.Status.ObservedGeneration,
            Conditions = controller.Status.Conditions,
        });
}
