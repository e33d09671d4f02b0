namespace Dataplane.Api;

/// <summary>The resources this suite knows: those it has types for, and those it only stores.</summary>
public static class ResourceTypes
{
    /// <summary>All of them, owners before what they own.</summary>
    public static IReadOnlyList<ResourceType> All { get; } =
    [
        Namespace.Resource, Node.Resource, CronJob.Resource, Job.Resource, DaemonSet.Resource, StatefulSet.Resource, ControllerRevision.Resource,
        Deployment.Resource, ReplicaSet.Resource, ReplicationController.Resource, Service.Resource,
        Endpoints.Resource, EndpointSlice.Resource, Pod.Resource, ConfigMap.Resource, Secret.Resource, ServiceAccount.Resource,
        Lease.Resource, Event.Resource, new("", "v1", "ResourceQuota", "resourcequotas", true), new("", "v1", "LimitRange", "limitranges", true),
        PersistentVolume.Resource, PersistentVolumeClaim.Resource, StorageClass.Resource,
        new("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true),
        new("networking.k8s.io", "v1", "Ingress", "ingresses", true), new("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", true),
        ServiceCIDR.Resource, new("networking.k8s.io", "v1", "IPAddress", "ipaddresses", false),
        PodDisruptionBudget.Resource, new("rbac.authorization.k8s.io", "v1", "Role", "roles", true),
        new("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings", true),
        new("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", false),
        new("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", false),
        new("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", false),
    ];
}
