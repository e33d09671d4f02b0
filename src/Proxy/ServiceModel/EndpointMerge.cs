using System.Collections.Immutable;
using System.Net;

namespace Dataplane.Proxy.ServiceModel;

/// <summary>The ports and endpoints of one EndpointSlice, checked.</summary>
/// <param name="Ports">Each is held by every endpoint.</param>
/// <param name="Endpoints">With the slice's port if there is one only, else with port 0: the slice's ports stand for all of them.</param>
internal sealed record SliceContents(ImmutableArray<SlicePort> Ports, ImmutableArray<ServiceEndpoint> Endpoints);

/// <summary>A port of a slice.</summary>
/// <param name="Key">How Services name it.</param>
/// <param name="Port">Host byte order, never 0.</param>
internal readonly record struct SlicePort(EndpointPortKey Key, ushort Port);

/// <summary>Merges the slices of one Service.</summary>
internal static class EndpointMerge
{
    /// <param name="slices">In a stable order, so that the outcome does not depend on the order of events.</param>
    internal static ServiceEndpoints Merge(IEnumerable<SliceContents> slices)
    {
        var byPort = new Dictionary<EndpointPortKey, Dictionary<(IPAddress, ushort), ServiceEndpoint>>();
        foreach (var slice in slices)
        {
            foreach (var port in slice.Ports)
            {
                if (!byPort.TryGetValue(port.Key, out var endpoints))
                {
                    byPort.Add(port.Key, endpoints = []);
                }

                foreach (var endpoint in slice.Endpoints)
                {
                    var key = (endpoint.Address, port.Port);
                    // Most slices have one port: then model and table share the object.
                    var here = endpoint.Port == port.Port ? endpoint : endpoint with { Port = port.Port };
                    endpoints[key] = endpoints.TryGetValue(key, out var other) ? Prefer(other, here) : here;
                }
            }
        }

        return new ServiceEndpoints([.. byPort.Select(pair => new PortEndpoints(pair.Key, [.. pair.Value.Values.Order(ByAddress)]))]);
    }

    // Two slices hold one address while an endpoint moves between them, or when a new pod was given the address of one that is still terminating:
    // the running one is the one to believe.
    private static ServiceEndpoint Prefer(ServiceEndpoint first, ServiceEndpoint second) => Rank(second) > Rank(first) ? second : first;

    private static int Rank(ServiceEndpoint endpoint) => (endpoint.Terminating ? 0 : 2) + (endpoint.Ready ? 1 : 0);

    private static readonly Comparer<ServiceEndpoint> ByAddress = Comparer<ServiceEndpoint>.Create((left, right) =>
    {
        Span<byte> a = stackalloc byte[16];
        Span<byte> b = stackalloc byte[16];
        left.Address.TryWriteBytes(a, out var aLength);
        right.Address.TryWriteBytes(b, out var bLength);
        var order = a[..aLength].SequenceCompareTo(b[..bLength]);
        return order != 0 ? order : left.Port.CompareTo(right.Port);
    });
}
