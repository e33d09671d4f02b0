using System.Net;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy;

/// <summary>What went through one front end to one endpoint; counts start again when nothing did for an hour, or the proxy's rules were made anew.</summary>
/// <param name="Protocol">TCP, UDP or SCTP.</param>
/// <param name="FrontEnd">Where clients sent.</param>
/// <param name="Endpoint">Who answered.</param>
/// <param name="Connections">Connections, or UDP flows.</param>
/// <param name="Packets">Of both directions; null where a mode sees the first of each connection alone.</param>
/// <param name="Bytes">Of both directions, with IP headers; null as <paramref name="Packets"/>.</param>
public readonly record struct TrafficCount(TransportProtocol Protocol, IPEndPoint FrontEnd, IPEndPoint Endpoint, long Connections, long? Packets, long? Bytes)
{
    /// <summary>What a second has now; null where nobody estimates it but who reads the counts.</summary>
    public TrafficRate? Rate { get; init; }
}

/// <summary>An estimate by the kernel of what goes through now, a second.</summary>
/// <param name="Connections">New ones.</param>
/// <param name="Packets">Of both directions.</param>
/// <param name="Bytes">Of both directions, with IP headers.</param>
public readonly record struct TrafficRate(long Connections, long Packets, long Bytes);
