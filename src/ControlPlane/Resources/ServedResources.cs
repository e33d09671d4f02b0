using Dataplane.ControlPlane.CustomResources.Definitions;
using Dataplane.ControlPlane.Resources.Certificates;
using Dataplane.ControlPlane.Services;

namespace Dataplane.ControlPlane.Resources;

/// <summary>The list of what is served, in the order discovery shows it.</summary>
internal static class ServedResources
{
    /// <param name="allocation">Where Services get addresses and ports from.</param>
    /// <param name="time">Of what is written.</param>
    /// <param name="status">Kind of the core group whose objects are made when asked for, if it is served.</param>
    /// <param name="usage">The same of metrics.k8s.io.</param>
    public static ResourceCatalog Catalog(
        ServiceAllocation allocation, TimeProvider? time = null, ComponentStatusResource? status = null, IReadOnlyList<ResourceDescriptor>? usage = null)
    {
        ResourceCatalog? catalog = null;
        var services = new ApiServiceResource(() => catalog?.All ?? [], (time ?? TimeProvider.System).GetUtcNow());
        return catalog = new(All(allocation, time ?? TimeProvider.System, status, usage, services));
    }

    private static ResourceDescriptor[] All(
        ServiceAllocation allocation, TimeProvider time, ComponentStatusResource? status, IReadOnlyList<ResourceDescriptor>? usage, ApiServiceResource services) =>
    [
        .. status is null ? Array.Empty<ResourceDescriptor>() : [status],
        new BindingResource(),
        new ConfigMapResource(),
        new EndpointsResource(),
        new EventResource(),
        new LimitRangeResource(),
        new NamespaceResource(),
        new NodeResource(),
        new PersistentVolumeClaimResource(),
        new PersistentVolumeResource(),
        new PodResource(),
        new PodTemplateResource(),
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
        new CertificateRequestResource(),
        new LeaseResource(),
        new EventsV1Resource(),
        new EndpointSliceResource(),
        new IngressClassResource(),
        new IngressResource(),
        new IpAddressResource(),
        new NetworkPolicyResource(),
        new ServiceCidrResource(),
        new ServiceCidrResource("v1beta1"),
        new IpAddressResource("v1beta1"),
        new RuntimeClassResource(),
        new PodDisruptionBudgetResource(),
        new ClusterRoleBindingResource(),
        new ClusterRoleResource(),
        new RoleBindingResource(),
        new RoleResource(),
        new PriorityClassResource(),
        new CsiDriverResource(),
        new CsiNodeResource(),
        new CsiStorageCapacityResource(),
        new StorageClassResource(),
        new VolumeAttachmentResource(),
        new DefinitionResource(time),
        services,
        .. usage ?? [],
    ];
}
