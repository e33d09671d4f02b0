namespace Dataplane.Api;

/// <summary>The resources this suite has types for.</summary>
public static class ResourceTypes
{
    /// <summary>All of them, owners before what they own.</summary>
    public static IReadOnlyList<ResourceType> All { get; } =
    [
        Namespace.Resource, Node.Resource, Deployment.Resource, ReplicaSet.Resource, ReplicationController.Resource, Service.Resource,
        Endpoints.Resource, EndpointSlice.Resource, Pod.Resource, ConfigMap.Resource, Secret.Resource, ServiceAccount.Resource,
        Lease.Resource, Event.Resource,
    ];
}
