using Dataplane.Api;

namespace Dataplane.Cli.Commands;

/// <summary>The kinds a manifest may hold.</summary>
internal static class ServedKinds
{
    private static readonly ResourceType[] All =
    [
        Namespace.Resource, Node.Resource, Pod.Resource, Service.Resource, Endpoints.Resource, EndpointSlice.Resource, ConfigMap.Resource, Secret.Resource,
        ServiceAccount.Resource, ReplicationController.Resource, ReplicaSet.Resource, Deployment.Resource, Event.Resource, Lease.Resource,
    ];

    internal static ResourceType? Find(string apiVersion, string kind) =>
        All.FirstOrDefault(resource => resource.Kind == kind && (resource.Group.Length == 0 ? resource.Version : $"{resource.Group}/{resource.Version}") == apiVersion);
}
