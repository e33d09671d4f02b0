using System.Collections.Immutable;
using System.Net;
using Dataplane.Api;
using Dataplane.Proxy.Ipvs;

namespace Dataplane.Proxy.ServiceModel;

/// <summary>Reads Service objects. What is wrong with one is told by field and left out; the rest of it is served.</summary>
internal static class ServiceReader
{
    private const int DefaultAffinitySeconds = 10800;

    /// <returns>Null for a Service no proxy serves: headless, ExternalName, without an address yet, or another proxy's.</returns>
    internal static ProxiedService? Read(Service service, List<string> faults)
    {
        var spec = service.Spec;
        if (spec.Type == "ExternalName" || spec.ClusterIP is null or "" or "None" || service.Metadata.Labels.ContainsKey(ServiceLabels.ProxyName))
        {
            return null;
        }

        var name = NamespacedName.Of(service);
        var addresses = new AddressReader(faults);
        var affine = spec.SessionAffinity == "ClientIP";
        var externalLocal = spec.ExternalTrafficPolicy == "Local";
        return new ProxiedService
        {
            Name = name,
            ClusterIPs = addresses.Read(spec.ClusterIPs.Count > 0 ? spec.ClusterIPs : [spec.ClusterIP], "spec.clusterIPs"),
            ExternalIPs = addresses.Read(spec.ExternalIPs, "spec.externalIPs"),
            LoadBalancerIPs = addresses.Read(
                service.Status.LoadBalancer.Ingress.Where(ingress => ingress is { IP.Length: > 0, IPMode: null or "" or "VIP" }).Select(ingress => ingress.IP!),
                "status.loadBalancer.ingress"),
            LoadBalancerSourceRanges = spec.Type == "LoadBalancer" ? ReadSourceRanges(spec.LoadBalancerSourceRanges, faults) : [],
            Ports = ReadPorts(name, spec, faults),
            AffinityTimeout = affine ? TimeSpan.FromSeconds(spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds ?? DefaultAffinitySeconds) : null,
            Relay = RelayAnnotations.Read(service.Metadata.Annotations, faults),
            InternalPolicyLocal = spec.InternalTrafficPolicy == "Local",
            ExternalPolicyLocal = externalLocal,
            HealthCheckNodePort = externalLocal && spec.HealthCheckNodePort is > 0 and <= ushort.MaxValue
                ? new NodePort((ushort)spec.HealthCheckNodePort)
                : NodePort.None,
            Scheduler = ReadScheduler(service, faults),
        };
    }

    private static string? ReadScheduler(Service service, List<string> faults)
    {
        if (!service.Metadata.Annotations.TryGetValue(Schedulers.Annotation, out var name))
        {
            return null;
        }

        if (Schedulers.Known.Contains(name))
        {
            return name;
        }

        faults.Add($"metadata.annotations[{Schedulers.Annotation}] {name} is none of {string.Join(", ", Schedulers.Known.Order())}");
        return null;
    }

    private static ImmutableArray<ProxiedPort> ReadPorts(NamespacedName service, ServiceSpec spec, List<string> faults)
    {
        var ports = ImmutableArray.CreateBuilder<ProxiedPort>(spec.Ports.Count);
        foreach (var port in spec.Ports)
        {
            if (!TransportProtocols.TryParse(port.Protocol, out var protocol))
            {
                faults.Add($"spec.ports[].protocol {port.Protocol} is not TCP, UDP or SCTP");
            }
            else if (port.Port is <= 0 or > ushort.MaxValue)
            {
                faults.Add(FormattableString.Invariant($"spec.ports[].port {port.Port} is not in 1-65535"));
            }
            else
            {
                if (ports.Any(other => other.Name.Protocol == protocol && other.Port == port.Port))
                {
                    faults.Add(FormattableString.Invariant($"spec.ports[].port {port.Port} stands there twice for {protocol}"));
                    continue;
                }

                var nodePort = port.NodePort is > 0 and <= ushort.MaxValue ? new NodePort((ushort)port.NodePort) : NodePort.None;
                ports.Add(new ProxiedPort(new ServicePortName(service, port.Name, protocol), (ushort)port.Port, nodePort));
            }
        }

        return ports.ToImmutable();
    }

    private static ImmutableArray<IPNetwork> ReadSourceRanges(List<string> texts, List<string> faults)
    {
        var ranges = AddressChecks.ReadNetworks(texts.Select(text => text.Trim()).Where(text => text.Length > 0), "spec.loadBalancerSourceRanges", faults);
        return [.. ranges.GroupBy(range => range.BaseAddress.AddressFamily).Where(family => family.All(range => range.PrefixLength > 0)).SelectMany(WithoutNested)];
    }

    // Networks are disjoint or one is in the other; an interval set takes no overlap.
    private static IEnumerable<IPNetwork> WithoutNested(IEnumerable<IPNetwork> ranges)
    {
        var widest = new List<IPNetwork>();
        foreach (var range in ranges.OrderBy(range => range.PrefixLength))
        {
            if (!widest.Exists(wider => wider.Contains(range.BaseAddress)))
            {
                widest.Add(range);
            }
        }

        return widest;
    }

    private readonly struct AddressReader(List<string> faults)
    {
        internal ImmutableArray<IPAddress> Read(IEnumerable<string> texts, string field)
        {
            var addresses = ImmutableArray.CreateBuilder<IPAddress>();
            foreach (var text in texts)
            {
                if (!AddressChecks.TryParse(text, out var address) || AddressChecks.IsUnspecified(address))
                {
                    faults.Add($"{field} {text} is no usable IP address");
                }
                else if (!addresses.Contains(address))
                {
                    addresses.Add(address);
                }
            }

            return addresses.ToImmutable();
        }
    }
}
