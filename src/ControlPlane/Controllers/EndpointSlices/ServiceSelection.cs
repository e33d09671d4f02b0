using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;

namespace Dataplane.ControlPlane.Controllers.EndpointSlices;

/// <summary>Which pods a service selects, and which services a pod's change concerns.</summary>
internal static class ServiceSelection
{
    /// <summary>The pods a service with a selector selects, oldest name first, so that plans do not depend on hash order.</summary>
    public static List<Pod> Pods(Service service, Lister<Pod> pods) =>
        [.. pods.In(service.Metadata.Namespace).Where(pod => Selects(service, pod)).OrderBy(pod => pod.Metadata.Name, StringComparer.Ordinal)];

    /// <summary>Reports the services whose endpoints a pod's change may change.</summary>
    public static void Watch(Lister<Service> services, Lister<Pod> pods, Action<NamespacedName> affected) => pods.Subscribe(change =>
    {
        if (!Matters(change))
        {
            return;
        }

        foreach (var service in services.In(change.Object.Metadata.Namespace))
        {
            if ((change.Old is { } old && Selects(service, old)) || (change.New is { } pod && Selects(service, pod)))
            {
                affected(NamespacedName.Of(service));
            }
        }
    });

    private static bool Selects(Service service, Pod pod)
    {
        if (service.Spec.Selector.Count == 0)
        {
            return false;
        }

        foreach (var (key, value) in service.Spec.Selector)
        {
            if (!pod.Metadata.Labels.TryGetValue(key, out var actual) || actual != value)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Most updates of a pod (restarts, probes, annotations) leave its endpoint as it is.</summary>
    private static bool Matters(InformerChange<Pod> change)
    {
        if (change is not { Old: { } old, New: { } pod })
        {
            return true;
        }

        return PodEndpoints.IsListed(old) != PodEndpoints.IsListed(pod)
            || PodEndpoints.IsReady(old) != PodEndpoints.IsReady(pod)
            || (old.Metadata.DeletionTimestamp is null) != (pod.Metadata.DeletionTimestamp is null)
            || old.Spec.NodeName != pod.Spec.NodeName
            || !old.Status.PodIPs.SequenceEqual(pod.Status.PodIPs)
            || old.Metadata.Labels.Count != pod.Metadata.Labels.Count
            || old.Metadata.Labels.Except(pod.Metadata.Labels).Any();
    }
}
