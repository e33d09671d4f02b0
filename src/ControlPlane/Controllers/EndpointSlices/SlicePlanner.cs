using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.Machinery;

namespace Dataplane.ControlPlane.Controllers.EndpointSlices;

/// <summary>
/// Compares the endpoints a service should have with the slices it has. Pure; the packing is that of Kubernetes: endpoints stay
/// where they are, new ones fill slices that must be written anyway, then at most one slice with room, then new slices.
/// </summary>
internal static class SlicePlanner
{
    public const string ServiceNameLabel = "kubernetes.io/service-name";
    public const string ManagedByLabel = "endpointslice.kubernetes.io/managed-by";
    public const string ManagedBy = "endpointslice-controller.k8s.io";
    public const string HeadlessLabel = "service.kubernetes.io/headless";
    public const int EndpointsPerSlice = 100;

    /// <param name="service">The service; its slices are named, labelled and owned after it.</param>
    /// <param name="pods">The pods it selects.</param>
    /// <param name="slices">Its slices that this controller manages.</param>
    /// <param name="node">Looks a node up, for its zone.</param>
    /// <param name="triggerTime">When what causes this change happened, as the annotation's text; null leaves it.</param>
    public static SlicePlan Plan(
        Service service, IReadOnlyCollection<Pod> pods, IReadOnlyCollection<EndpointSlice> slices, Func<string, Node?> node, string? triggerTime)
    {
        var plan = new Writes();
        var families = Families(service);
        plan.Delete.AddRange(slices.Where(slice => !families.Contains(slice.AddressType)));
        foreach (var family in families)
        {
            var template = Template(service, family, triggerTime);
            var groups = Group(service, pods, family, node);
            var existing = slices.Where(slice => slice.AddressType == family).ToLookup(slice => PortsKey(slice.Ports));
            foreach (var (key, (ports, endpoints)) in groups)
            {
                Pack(template with { Ports = ports }, endpoints, existing[key], plan);
            }

            plan.Delete.AddRange(existing.Where(group => !groups.ContainsKey(group.Key)).SelectMany(group => group));
        }

        Recycle(plan, service);
        return new SlicePlan(plan.Create, plan.Update, plan.Delete);
    }

    /// <summary>A slice that would go is written again in place of one that would come: one write instead of two.</summary>
    private static void Recycle(Writes plan, Service service)
    {
        foreach (var old in plan.Delete.ToList())
        {
            var at = plan.Create.FindLastIndex(slice => slice.AddressType == old.AddressType);
            if (at >= 0 && old.Metadata.OwnerReferences.Exists(owner => owner.UID == service.Metadata.UID))
            {
                plan.Update.Add(Rewritten(old, plan.Create[at], plan.Create[at].Endpoints));
                plan.Create.RemoveAt(at);
                plan.Delete.Remove(old);
            }
        }
    }

    /// <summary>A key equal for equal ports in any order.</summary>
    private static string PortsKey(IEnumerable<EndpointPort> ports) =>
        string.Join(';', ports.Select(port => $"{port.Name}/{port.Protocol}/{port.Port}/{port.AppProtocol}").Order(StringComparer.Ordinal));

    private static IReadOnlyList<string> Families(Service service)
    {
        if (service.Spec.IPFamilies.Count > 0)
        {
            return service.Spec.IPFamilies;
        }

        return service.Spec.ClusterIP?.Contains(':', StringComparison.Ordinal) == true ? ["IPv6"] : ["IPv4"];
    }

    /// <summary>Pods whose named ports differ go to different slices. Without any endpoint there is one placeholder without ports.</summary>
    private static Dictionary<string, (List<EndpointPort> Ports, List<Endpoint> Endpoints)> Group(
        Service service, IReadOnlyCollection<Pod> pods, string family, Func<string, Node?> node)
    {
        var groups = new Dictionary<string, (List<EndpointPort> Ports, List<Endpoint> Endpoints)>();
        foreach (var pod in pods)
        {
            if (!PodEndpoints.IsListed(pod) || PodEndpoints.Address(pod, family) is not { } address)
            {
                continue;
            }

            var ports = Ports(service, pod);
            if (ports.Count == 0 && service.Spec.Ports.Count > 0)
            {
                continue;
            }

            var key = PortsKey(ports);
            if (!groups.TryGetValue(key, out var group))
            {
                groups[key] = group = (ports, []);
            }

            var podNode = pod.Spec.NodeName is { } name ? node(name) : null;
            group.Endpoints.Add(TopologyHints.Add(service, PodEndpoints.Of(pod, service, address, podNode)));
        }

        if (groups.Count == 0)
        {
            groups.Add(PortsKey([]), ([], []));
        }

        return groups;
    }

    private static List<EndpointPort> Ports(Service service, Pod pod)
    {
        var ports = new List<EndpointPort>(service.Spec.Ports.Count);
        foreach (var port in service.Spec.Ports)
        {
            if (PodEndpoints.TargetPort(pod, port) is { } number)
            {
                ports.Add(new EndpointPort { Name = port.Name, Protocol = port.Protocol ?? "TCP", Port = number, AppProtocol = port.AppProtocol });
            }
        }

        return ports;
    }

    private static EndpointSlice Template(Service service, string family, string? triggerTime)
    {
        var labels = new Dictionary<string, string>(service.Metadata.Labels)
        {
            [ServiceNameLabel] = service.Metadata.Name,
            [ManagedByLabel] = ManagedBy,
        };
        if (service.Spec.ClusterIP == "None")
        {
            labels[HeadlessLabel] = "";
        }
        else
        {
            labels.Remove(HeadlessLabel);
        }

        return new EndpointSlice
        {
            Metadata = new ObjectMeta
            {
                GenerateName = service.Metadata.Name + "-",
                Namespace = service.Metadata.Namespace,
                Labels = labels,
                Annotations = triggerTime is null ? [] : new Dictionary<string, string> { [EndpointTriggerTime.Annotation] = triggerTime },
                OwnerReferences = [ControllerReference.To(service)],
            },
            AddressType = family,
        };
    }

    private static void Pack(EndpointSlice template, List<Endpoint> endpoints, IEnumerable<EndpointSlice> existing, Writes plan)
    {
        var wanted = endpoints.ToDictionary(Identity);
        var written = new List<EndpointSlice>();
        var unchanged = new List<EndpointSlice>();
        foreach (var slice in existing)
        {
            var kept = slice.Endpoints.Where(endpoint => wanted.ContainsKey(Identity(endpoint))).Select(endpoint =>
            {
                wanted.Remove(Identity(endpoint), out var current);
                return current!;
            }).ToList();
            var changed = kept.Count != slice.Endpoints.Count
                || !kept.Zip(slice.Endpoints).All(pair => ApiJson.SameContent(pair.First, pair.Second))
                || !SameLabels(slice.Metadata.Labels, template.Metadata.Labels);
            (changed ? written : unchanged).Add(changed ? Rewritten(slice, template, kept) : slice);
        }

        var rest = new Queue<Endpoint>(endpoints.Where(endpoint => wanted.ContainsKey(Identity(endpoint))));
        foreach (var slice in written)
        {
            Fill(slice, rest);
        }

        // One slice with room may be written to save creating one: the fullest that takes all.
        var roomy = unchanged.Where(slice => slice.Endpoints.Count + rest.Count <= EndpointsPerSlice).MaxBy(slice => slice.Endpoints.Count);
        if (rest.Count > 0 && rest.Count < EndpointsPerSlice && roomy is not null)
        {
            unchanged.Remove(roomy);
            var slice = Rewritten(roomy, template, [.. roomy.Endpoints]);
            Fill(slice, rest);
            written.Add(slice);
        }

        while (rest.Count > 0)
        {
            var slice = template with { Endpoints = [] };
            Fill(slice, rest);
            plan.Create.Add(slice);
        }

        // Empty slices go, unless the service has no endpoint at all: then one stays.
        var all = written.Concat(unchanged).ToList();
        var keepOne = endpoints.Count == 0;
        if (keepOne && all.Count == 0)
        {
            plan.Create.Add(template);
        }

        foreach (var slice in all)
        {
            if (slice.Endpoints.Count == 0 && !keepOne)
            {
                plan.Delete.Add(slice);
                continue;
            }

            keepOne = keepOne && slice.Endpoints.Count > 0;
            if (written.Contains(slice))
            {
                plan.Update.Add(slice);
            }
        }
    }

    private static (string, string?) Identity(Endpoint endpoint) => (endpoint.Addresses[0], endpoint.TargetRef?.UID);

    private static void Fill(EndpointSlice slice, Queue<Endpoint> rest)
    {
        while (slice.Endpoints.Count < EndpointsPerSlice && rest.TryDequeue(out var endpoint))
        {
            slice.Endpoints.Add(endpoint);
        }
    }

    private static EndpointSlice Rewritten(EndpointSlice slice, EndpointSlice template, List<Endpoint> endpoints)
    {
        var annotations = new Dictionary<string, string>(slice.Metadata.Annotations);
        // An old trigger time must not be counted again.
        annotations.Remove(EndpointTriggerTime.Annotation);
        foreach (var (key, value) in template.Metadata.Annotations)
        {
            annotations[key] = value;
        }

        return slice with
        {
            Metadata = slice.Metadata with
            {
                Labels = template.Metadata.Labels,
                Annotations = annotations,
                OwnerReferences = template.Metadata.OwnerReferences,
            },
            Ports = template.Ports,
            Endpoints = endpoints,
        };
    }

    private static bool SameLabels(Dictionary<string, string> left, Dictionary<string, string> right) =>
        left.Count == right.Count && left.All(label => right.TryGetValue(label.Key, out var value) && value == label.Value);

    private sealed class Writes
    {
        public List<EndpointSlice> Create { get; } = [];

        public List<EndpointSlice> Update { get; } = [];

        public List<EndpointSlice> Delete { get; } = [];
    }
}
