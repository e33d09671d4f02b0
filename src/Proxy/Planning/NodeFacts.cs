using System.Collections.Immutable;
using System.Net;

namespace Dataplane.Proxy.Planning;

/// <summary>What planning knows of the node it plans for.</summary>
/// <param name="Name">Its name, as EndpointSlices write it.</param>
/// <param name="Zone">Its topology.kubernetes.io/zone label; null without one.</param>
public sealed record NodeFacts(string Name, string? Zone = null)
{
    /// <summary>spec.podCIDRs: what NodeCIDR detection takes for pods.</summary>
    public ImmutableArray<IPNetwork> PodCidrs { get; init; } = [];

    /// <summary>Its primary address of each family it has, InternalIP before ExternalIP.</summary>
    public ImmutableArray<IPAddress> Addresses { get; init; } = [];

    /// <summary>By content: a node's status is written every few seconds, and a plan is made anew only when this differs.</summary>
    public bool Equals(NodeFacts? other) => other is not null && Name == other.Name && Zone == other.Zone
        && PodCidrs.SequenceEqual(other.PodCidrs) && Addresses.SequenceEqual(other.Addresses);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Zone, PodCidrs.Length, Addresses.Length);
}
