using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.EndpointSlices;

/// <summary>What a pod contributes to a service. Source: Kubernetes' endpoint slice controller and KEP-1672 (terminating endpoints).</summary>
internal static class PodEndpoints
{
    /// <summary>Whether a pod is to be listed at all: it has an address and has not ended. Terminating pods are listed.</summary>
    public static bool IsListed(Pod pod) => pod.Status.PodIPs.Count > 0 && pod.Status.Phase is not ("Succeeded" or "Failed");

    /// <summary>The pod's address of a family, or null.</summary>
    public static string? Address(Pod pod, string family)
    {
        foreach (var ip in pod.Status.PodIPs)
        {
            if (ip.IP.Contains(':', StringComparison.Ordinal) == (family == "IPv6"))
            {
                return ip.IP;
            }
        }

        return null;
    }

    /// <summary>The endpoint of a pod, without hints.</summary>
    public static Endpoint Of(Pod pod, Service service, string address, Node? node)
    {
        var serving = IsReady(pod);
        var terminating = pod.Metadata.DeletionTimestamp is not null;
        return new Endpoint
        {
            Addresses = [address],
            Conditions = new EndpointConditions
            {
                Ready = service.Spec.PublishNotReadyAddresses == true || (serving && !terminating),
                Serving = serving,
                Terminating = terminating,
            },
            Hostname = HasServiceHostname(pod, service) ? pod.Spec.Hostname : null,
            TargetRef = new ObjectReference { Kind = "Pod", Namespace = pod.Metadata.Namespace, Name = pod.Metadata.Name, UID = pod.Metadata.UID },
            NodeName = pod.Spec.NodeName,
            Zone = node?.Metadata.Labels.GetValueOrDefault("topology.kubernetes.io/zone"),
        };
    }

    public static bool IsReady(Pod pod) => ReadyCondition(pod)?.Status == "True";

    public static PodCondition? ReadyCondition(Pod pod)
    {
        foreach (var condition in pod.Status.Conditions)
        {
            if (condition.Type == "Ready")
            {
                return condition;
            }
        }

        return null;
    }

    /// <summary>A pod has a DNS name below a service when it asks for that very service as its subdomain.</summary>
    public static bool HasServiceHostname(Pod pod, Service service) =>
        !string.IsNullOrEmpty(pod.Spec.Hostname)
        && pod.Spec.Subdomain == service.Metadata.Name
        && pod.Metadata.Namespace == service.Metadata.Namespace;

    /// <summary>
    /// The pod's port for a service port: the number itself, or the container port of that name and protocol; null when there is none.
    /// </summary>
    public static int? TargetPort(Pod pod, ServicePort port)
    {
        if (port.TargetPort is not { Text: { } name })
        {
            return port.TargetPort is { Number: > 0 and var number } ? number : port.Port;
        }

        // Sidecars (init containers that restart always) serve as long as the containers do (KEP-753).
        var sidecars = pod.Spec.InitContainers.Where(container => container.RestartPolicy == "Always");
        foreach (var candidate in pod.Spec.Containers.Concat(sidecars).SelectMany(container => container.Ports))
        {
            if (candidate.Name == name && (candidate.Protocol ?? "TCP") == (port.Protocol ?? "TCP"))
            {
                return candidate.Port;
            }
        }

        return null;
    }
}
