using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.EndpointSlices;

namespace Dataplane.ControlPlane.Controllers.Endpoints;

/// <summary>The subsets of a legacy Endpoints object: addresses that share their ports, ready and not ready. Pure.</summary>
internal static class EndpointsPlanner
{
    /// <summary>Beyond so many addresses the object is cut and says so.</summary>
    public const int Capacity = 1000;

    /// <summary>The subsets in canonical order, and whether addresses were left out.</summary>
    public static (List<EndpointSubset> Subsets, bool Truncated) Plan(Service service, IReadOnlyCollection<Pod> pods)
    {
        var family = service.Spec.IPFamilies.FirstOrDefault()
            ?? (service.Spec.ClusterIP?.Contains(':', StringComparison.Ordinal) == true ? "IPv6" : "IPv4");
        var listed = pods
            .Where(pod => PodEndpoints.IsListed(pod) && pod.Metadata.DeletionTimestamp is null)
            .Select(pod => (
                Pod: pod,
                Address: PodEndpoints.Address(pod, family),
                Ready: service.Spec.PublishNotReadyAddresses == true || PodEndpoints.IsReady(pod)))
            .Where(entry => entry.Address is not null)
            // When the object is cut, what serves stays.
            .OrderByDescending(entry => entry.Ready)
            .ToList();
        var groups = new SortedDictionary<string, EndpointSubset>(StringComparer.Ordinal);
        foreach (var (pod, address, ready) in listed.Take(Capacity))
        {
            var ports = Ports(service, pod);
            if (ports.Count == 0 && service.Spec.Ports.Count > 0)
            {
                continue;
            }

            var key = string.Join(';', ports.Select(port => $"{port.Name}/{port.Port}/{port.Protocol}"));
            if (!groups.TryGetValue(key, out var subset))
            {
                groups.Add(key, subset = new EndpointSubset { Ports = ports });
            }

            (ready ? subset.Addresses : subset.NotReadyAddresses).Add(Address(service, pod, address!));
        }

        foreach (var subset in groups.Values)
        {
            subset.Addresses.Sort(static (left, right) => string.CompareOrdinal(left.IP, right.IP));
            subset.NotReadyAddresses.Sort(static (left, right) => string.CompareOrdinal(left.IP, right.IP));
        }

        return ([.. groups.Values], listed.Count > Capacity);
    }

    private static List<CoreEndpointPort> Ports(Service service, Pod pod)
    {
        var ports = new List<CoreEndpointPort>();
        foreach (var port in service.Spec.Ports)
        {
            if (PodEndpoints.TargetPort(pod, port) is { } number)
            {
                ports.Add(
                    new CoreEndpointPort { Name = port.Name, Port = number, Protocol = port.Protocol ?? "TCP", AppProtocol = port.AppProtocol });
            }
        }

        ports.Sort(static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        return ports;
    }

    private static EndpointAddress Address(Service service, Pod pod, string address) => new()
    {
        IP = address,
        Hostname = PodEndpoints.HasServiceHostname(pod, service) ? pod.Spec.Hostname : null,
        NodeName = pod.Spec.NodeName,
        TargetRef = new ObjectReference { Kind = "Pod", Namespace = pod.Metadata.Namespace, Name = pod.Metadata.Name, UID = pod.Metadata.UID },
    };
}
