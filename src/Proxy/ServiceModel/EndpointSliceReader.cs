using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Dataplane.Api;

namespace Dataplane.Proxy.ServiceModel;

/// <summary>Reads EndpointSlice objects. What may not become a destination is told and left out.</summary>
internal static class EndpointSliceReader
{
    /// <returns>Null for a slice that belongs to no Service or holds names instead of addresses.</returns>
    internal static (NamespacedName Service, SliceContents Contents)? Read(EndpointSlice slice, List<string> faults)
    {
        if (!slice.Metadata.Labels.TryGetValue(ServiceLabels.ServiceName, out var service) || service.Length == 0)
        {
            return null;
        }

        AddressFamily family;
        switch (slice.AddressType)
        {
            case "IPv4":
                family = AddressFamily.InterNetwork;
                break;
            case "IPv6":
                family = AddressFamily.InterNetworkV6;
                break;
            default:
                return null;
        }

        var ports = ReadPorts(slice, faults);
        var contents = new SliceContents(ports, ReadEndpoints(slice, family, ports is [var only] ? only.Port : (ushort)0, faults));
        return (new NamespacedName(slice.Metadata.Namespace, service), contents);
    }

    private static ImmutableArray<SlicePort> ReadPorts(EndpointSlice slice, List<string> faults)
    {
        var ports = ImmutableArray.CreateBuilder<SlicePort>(slice.Ports.Count);
        foreach (var port in slice.Ports)
        {
            if (port.Port is null or <= 0 or > ushort.MaxValue)
            {
                faults.Add($"ports: {NameOf(port)} is {port.Port?.ToString() ?? "absent"}, not in 1-65535");
            }
            else if (!TransportProtocols.TryParse(port.Protocol, out var protocol))
            {
                faults.Add($"ports: protocol {port.Protocol} is not TCP, UDP or SCTP");
            }
            else if (ports.Any(other => other.Key == new EndpointPortKey(port.Name ?? "", protocol)))
            {
                faults.Add($"ports: {NameOf(port)} stands there twice for {protocol}");
            }
            else
            {
                ports.Add(new SlicePort(new EndpointPortKey(port.Name ?? "", protocol), (ushort)port.Port));
            }
        }

        return ports.ToImmutable();
    }

    private static string NameOf(EndpointPort port) => string.IsNullOrEmpty(port.Name) ? "the unnamed port" : port.Name;

    private static ImmutableArray<ServiceEndpoint> ReadEndpoints(EndpointSlice slice, AddressFamily family, ushort port, List<string> faults)
    {
        var endpoints = ImmutableArray.CreateBuilder<ServiceEndpoint>(slice.Endpoints.Count);
        var seen = new HashSet<IPAddress>(slice.Endpoints.Count);
        foreach (var endpoint in slice.Endpoints)
        {
            if (endpoint.Addresses.Count == 0)
            {
                faults.Add("endpoints: one without an address");
            }
            else if (AddressChecks.ParseEndpoint(endpoint.Addresses[0], family, out var address) is { } fault)
            {
                faults.Add($"endpoints: {endpoint.Addresses[0]} {fault}");
            }
            else
            {
                if (!seen.Add(address))
                {
                    // Which of the two is the truth is decided as between slices, where this is usual.
                    faults.Add($"endpoints: {address} stands there twice");
                }

                var ready = endpoint.Conditions.Ready ?? true;
                endpoints.Add(new ServiceEndpoint(address, port)
                {
                    NodeName = NodeNames.Shared(endpoint.NodeName),
                    Ready = ready,
                    Serving = endpoint.Conditions.Serving ?? ready,
                    Terminating = endpoint.Conditions.Terminating ?? false,
                    ZoneHints = [.. endpoint.Hints?.ForZones.Select(zone => zone.Name) ?? []],
                    NodeHints = [.. endpoint.Hints?.ForNodes.Select(node => node.Name) ?? []],
                });
            }
        }

        return endpoints.ToImmutable();
    }
}
