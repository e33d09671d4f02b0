using Dataplane.ControlPlane.CustomResources.Definitions;
using Dataplane.ControlPlane.Machinery.Health;
using Dataplane.ControlPlane.Services;

namespace Dataplane.ControlPlane.Resources;

/// <summary>The list of what is served, in the order discovery shows it.</summary>
internal static class ServedResources
{
    public static ResourceCatalog Catalog(ServiceAllocation allocation, TimeProvider? time = null, HealthChecks? health = null) => new(
    [
        .. health is null ? Array.Empty<ResourceDescriptor>() : [new ComponentStatusResource(health)],
        new ConfigMapResource(),
        new EndpointsResource(),
        new EventResource(),
        new LimitRangeResource(),
        new NamespaceResource(),
        new NodeResource(),
        new PersistentVolumeClaimResource(),
        new PersistentVolumeResource(),
        new PodResource(),
        new ReplicationControllerResource(),
        new ResourceQuotaResource(),
        new SecretResource(),
        new ServiceAccountResource(),
        new ServiceResource(allocation),
        new ControllerRevisionResource(),
        new DaemonSetResource(),
        new DeploymentResource(),
        new ReplicaSetResource(),
        new StatefulSetResource(),
        .. ReviewResource.All,
        new HorizontalPodAutoscalerResource(),
        new HorizontalPodAutoscalerV1Resource(),
        new CronJobResource(),
        new JobResource(),
        new LeaseResource(),
        new EventsV1Resource(),
        new EndpointSliceResource(),
        new IngressResource(),
        new IpAddressResource(),
        new NetworkPolicyResource(),
        new ServiceCidrResource(),
        new ServiceCidrResource("v1beta1"),
        new IpAddressResource("v1beta1"),
        new PodDisruptionBudgetResource(),
        new ClusterRoleBindingResource(),
        new ClusterRoleResource(),
        new RoleBindingResource(),
        new RoleResource(),
        new PriorityClassResource(),
        new StorageClassResource(),
        new DefinitionResource(time ?? TimeProvider.System),
    ]);
}
