using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Replicas;

/// <summary>Keeps the pods of ReplicaSets.</summary>
internal sealed class ReplicaSetController(
    KubernetesClient client, SharedInformers informers, EventRecorder events, ILogger logger, TimeProvider time)
    : ReplicaController<ReplicaSet>(client, informers, events, logger, time)
{
    protected override ReplicaOwner View(ReplicaSet owner) => ReplicaOwner.Of(owner);

    protected override ReplicaSet WithStatus(ReplicaSet owner, ReplicaSetStatus status) => owner with { Status = status };
}

/// <summary>Keeps the pods of ReplicationControllers.</summary>
internal sealed class ReplicationControllerController(
    KubernetesClient client, SharedInformers informers, EventRecorder events, ILogger logger, TimeProvider time)
    : ReplicaController<ReplicationController>(client, informers, events, logger, time)
{
    protected override ReplicaOwner View(ReplicationController owner) => ReplicaOwner.Of(owner);

    protected override ReplicationController WithStatus(ReplicationController owner, ReplicaSetStatus status) => owner with
    {
        Status = new ReplicationControllerStatus
        {
            Replicas = status.Replicas,
            FullyLabeledReplicas = status.FullyLabeledReplicas,
            ReadyReplicas = status.ReadyReplicas,
            AvailableReplicas = status.AvailableReplicas,
            ObservedGeneration = status.ObservedGeneration,
            Conditions = status.Conditions,
        },
    };
}
