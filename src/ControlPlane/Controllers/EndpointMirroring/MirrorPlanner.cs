using System.Net;
using System.Net.Sockets;
using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.EndpointSlices;
using Dataplane.ControlPlane.Controllers.Machinery;

namespace Dataplane.ControlPlane.Controllers.EndpointMirroring;

/// <summary>The slices that show what somebody wrote into an Endpoints object: one for each set of ports and family. Pure.</summary>
internal static class MirrorPlanner
{
    public const string ManagedBy = "endpointslicemirroring-controller.k8s.io";
    public const string SkipLabel = "endpointslice.kubernetes.io/skip-mirror";

    /// <summary>Addresses of one subset beyond this are not mirrored.</summary>
    public const int MaxAddresses = 1000;

    private const string LeaderAnnotation = "control-plane.alpha.kubernetes.io/leader";
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";

    /// <summary>Endpoints of election locks and those that ask not to be are not mirrored; nor are those of services that select pods.</summary>
    public static bool IsMirrored(Api.Endpoints endpoints, Service? service) =>
        service is { Spec.Selector.Count: 0 }
        && endpoints.Metadata.DeletionTimestamp is null
        && endpoints.Metadata.Labels.GetValueOrDefault(SkipLabel) != "true"
        && !endpoints.Metadata.Annotations.ContainsKey(LeaderAnnotation);

    /// <param name="endpoints">What was written.</param>
    /// <param name="current">The slices mirrored from it so far.</param>
    public static SlicePlan Plan(Api.Endpoints endpoints, IReadOnlyCollection<EndpointSlice> current)
    {
        var wanted = Slices(endpoints);
        var left = current.ToList();
        var (create, update) = (new List<EndpointSlice>(), new List<EndpointSlice>());
        var open = new List<EndpointSlice>();
        foreach (var slice in wanted)
        {
            // The slice of the same ports stays the slice of the same ports.
            if (left.Find(old => old.AddressType == slice.AddressType && PortsKey(old.Ports) == PortsKey(slice.Ports)) is { } match)
            {
                left.Remove(match);
                Rewrite(match, slice, update);
            }
            else
            {
                open.Add(slice);
            }
        }

        foreach (var slice in open)
        {
            if (left.Find(old => old.AddressType == slice.AddressType) is { } spare)
            {
                left.Remove(spare);
                Rewrite(spare, slice, update);
            }
            else
            {
                create.Add(slice);
            }
        }

        return new SlicePlan(create, update, left);
    }

    private static void Rewrite(EndpointSlice old, EndpointSlice wanted, List<EndpointSlice> update)
    {
        var rewritten = old with
        {
            Metadata = old.Metadata with
            {
                Labels = wanted.Metadata.Labels,
                Annotations = wanted.Metadata.Annotations,
                OwnerReferences = wanted.Metadata.OwnerReferences,
            },
            Ports = wanted.Ports,
            Endpoints = wanted.Endpoints,
        };
        if (!ApiJson.SameContent(old, rewritten))
        {
            update.Add(rewritten);
        }
    }

    private static List<EndpointSlice> Slices(Api.Endpoints endpoints)
    {
        var slices = new Dictionary<(string Ports, string Family), EndpointSlice>();
        foreach (var subset in endpoints.Subsets)
        {
            var ports = subset.Ports.Select(port => new EndpointPort { Name = port.Name, Protocol = port.Protocol ?? "TCP", Port = port.Port, AppProtocol = port.AppProtocol }).ToList();
            var addresses = subset.Addresses.Select(address => (Address: address, Ready: true))
                .Concat(subset.NotReadyAddresses.Select(address => (Address: address, Ready: false))).Take(MaxAddresses);
            foreach (var (address, ready) in addresses)
            {
                if (!IPAddress.TryParse(address.IP, out var ip))
                {
                    continue;
                }

                var family = ip.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";
                if (!slices.TryGetValue((PortsKey(ports), family), out var slice))
                {
                    slices[(PortsKey(ports), family)] = slice = Template(endpoints, family) with { Ports = ports };
                }

                slice.Endpoints.Add(new Endpoint
                {
                    Addresses = [address.IP],
                    Conditions = new EndpointConditions { Ready = ready },
                    Hostname = address.Hostname,
                    NodeName = address.NodeName,
                    TargetRef = address.TargetRef,
                });
            }
        }

        return [.. slices.Values];
    }

    private static EndpointSlice Template(Api.Endpoints endpoints, string family)
    {
        var annotations = new Dictionary<string, string>(endpoints.Metadata.Annotations);
        annotations.Remove(LastApplied);
        annotations.Remove(EndpointTriggerTime.Annotation);
        return new EndpointSlice
        {
            Metadata = new ObjectMeta
            {
                GenerateName = endpoints.Metadata.Name + "-",
                Namespace = endpoints.Metadata.Namespace,
                Labels = new Dictionary<string, string>(endpoints.Metadata.Labels)
                {
                    [SlicePlanner.ServiceNameLabel] = endpoints.Metadata.Name,
                    [SlicePlanner.ManagedByLabel] = ManagedBy,
                },
                Annotations = annotations,
                OwnerReferences = [ControllerReference.To(endpoints)],
            },
            AddressType = family,
        };
    }

    private static string PortsKey(IEnumerable<EndpointPort> ports) =>
        string.Join(';', ports.Select(port => $"{port.Name}/{port.Protocol}/{port.Port}/{port.AppProtocol}").Order(StringComparer.Ordinal));
}
