using System.Collections.Immutable;
using System.Net;
using Dataplane.Netlink.Ipset;
using Dataplane.Netlink.Ipvs;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Ipvs.Rendering;

/// <summary>What one Service comes to.</summary>
internal sealed class RenderedService
{
    internal Dictionary<IpvsServiceKey, VirtualServer> Servers { get; } = [];

    /// <summary>Elements of sets. Several Services may want the same one.</summary>
    internal List<SetElement> Elements { get; } = [];

    /// <summary>Addresses for the device.</summary>
    internal HashSet<IPAddress> Addresses { get; } = [];

    /// <summary>Front ends that have a mark.</summary>
    internal HashSet<FrontEnd> Marked { get; } = [];
}

/// <summary>A virtual service and where it leads.</summary>
/// <param name="Definition">The service.</param>
/// <param name="Protocol">Of its packets.</param>
/// <param name="FrontEnd">Where clients send, for the counters; of a service by mark one of the places.</param>
/// <param name="Destinations">None for a front end that is refused: the service stays only while older connections last.</param>
internal sealed record VirtualServer(IpvsService Definition, TransportProtocol Protocol, IPEndPoint FrontEnd, ImmutableArray<IPEndPoint> Destinations);

/// <summary>An element and its set.</summary>
internal readonly record struct SetElement(string Set, IpsetElement Element);
