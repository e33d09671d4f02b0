using System.Collections.Immutable;
using System.Net;

namespace Dataplane.Proxy.ServiceModel;

/// <summary>One endpoint of a service port, as its EndpointSlice tells it.</summary>
/// <param name="Address">A unicast address of the family of its slice.</param>
/// <param name="Port">The target port, host byte order, never 0.</param>
public sealed record ServiceEndpoint(IPAddress Address, ushort Port)
{
    /// <summary>The node it runs on; null when unknown.</summary>
    public string? NodeName { get; init; }

    /// <summary>Accepts new connections.</summary>
    public bool Ready { get; init; } = true;

    /// <summary>Would answer, terminating or not.</summary>
    public bool Serving { get; init; } = true;

    /// <summary>Its pod is shutting down.</summary>
    public bool Terminating { get; init; }

    /// <summary>Zones that should use it (hints.forZones).</summary>
    public ImmutableArray<string> ZoneHints { get; init; } = [];

    /// <summary>Nodes that should use it (hints.forNodes).</summary>
    public ImmutableArray<string> NodeHints { get; init; } = [];
}
