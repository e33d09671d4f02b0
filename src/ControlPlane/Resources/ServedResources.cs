using Dataplane.ControlPlane.Services;

namespace Dataplane.ControlPlane.Resources;

/// <summary>The list of what is served, in the order discovery shows it.</summary>
internal static class ServedResources
{
    public static ResourceCatalog Catalog(ServiceAllocation allocation) => new(
    [
        new ConfigMapResource(),
        new EndpointsResource(),
        new EventResource(),
        new LimitRangeResource(),
        new NamespaceResource(),
        new NodeResource(),
        new PodResource(),
        new ReplicationControllerResource(),
        new SecretResource(),
        new ServiceAccountResource(),
        new ServiceResource(allocation),
        new DeploymentResource(),
        new ReplicaSetResource(),
        new ReviewResource(),
        new LeaseResource(),
        new EndpointSliceResource(),
    ]);
}
