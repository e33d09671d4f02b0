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
/// <param name="ByPort">Ports without endpoints may be absent.</param>
public sealed record ServiceEndpoints(ImmutableDictionary<EndpointPortKey, ImmutableArray<ServiceEndpoint>> ByPort)
{
    /// <summary>None.</summary>
    public static ServiceEndpoints Empty { get; } = new(ImmutableDictionary<EndpointPortKey, ImmutableArray<ServiceEndpoint>>.Empty);

    /// <summary>Endpoints of a port, empty when there are none.</summary>
    public ImmutableArray<ServiceEndpoint> Of(ServicePortName port) =>
        ByPort.TryGetValue(new EndpointPortKey(port.Port, port.Protocol), out var endpoints) ? endpoints : [];
}

/// <summary>How a slice's port and a Service's port find each other: by name and protocol, never by number.</summary>
/// <param name="Name">Empty for a port without a name.</param>
/// <param name="Protocol">Its protocol.</param>
public readonly record struct EndpointPortKey(string Name, TransportProtocol Protocol);
