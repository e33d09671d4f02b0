using System.Collections.Immutable;
using Dataplane.Api;

namespace Dataplane.Proxy.ServiceModel;

/// <summary>Every Service the proxy serves, with its endpoints, at one moment.</summary>
/// <param name="Services">By name; a Service without endpoints is there, endpoints without a Service are not.</param>
public sealed record ServiceTable(ImmutableDictionary<NamespacedName, ServiceEntry> Services)
{
    /// <summary>No services.</summary>
    public static ServiceTable Empty { get; } = new(ImmutableDictionary<NamespacedName, ServiceEntry>.Empty);
}

/// <summary>A Service and its merged endpoints.</summary>
/// <param name="Service">The Service.</param>
/// <param name="Endpoints">By port, both families together, ordered by address and port.</param>
public sealed record ServiceEntry(ProxiedService Service, ServiceEndpoints Endpoints);

/// <summary>The endpoints of one Service by port: what its EndpointSlices say once merged.</summary>
/// <param name="ByPort">Each key once, a handful of them; ports without endpoints may be absent.</param>
public sealed record ServiceEndpoints(ImmutableArray<PortEndpoints> ByPort)
{
    /// <summary>None.</summary>
    public static ServiceEndpoints Empty { get; } = new(ImmutableArray<PortEndpoints>.Empty);

    /// <summary>Endpoints of a port, empty when there are none.</summary>
    public ImmutableArray<ServiceEndpoint> Of(ServicePortName port)
    {
        foreach (var (key, endpoints) in ByPort)
        {
            if (key.Protocol == port.Protocol && key.Name == port.Port)
            {
                return endpoints;
            }
        }

        return [];
    }
}

/// <summary>The endpoints of one port.</summary>
/// <param name="Key">The port.</param>
/// <param name="Endpoints">Ordered by address and port.</param>
public readonly record struct PortEndpoints(EndpointPortKey Key, ImmutableArray<ServiceEndpoint> Endpoints);

/// <summary>How a slice's port and a Service's port find each other: by name and protocol, never by number.</summary>
/// <param name="Name">Empty for a port without a name.</param>
/// <param name="Protocol">Its protocol.</param>
public readonly record struct EndpointPortKey(string Name, TransportProtocol Protocol);
