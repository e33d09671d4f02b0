using System.Collections.Immutable;
using System.Net;

namespace Dataplane.Proxy.Planning;

/// <summary>Configuration that shapes a plan.</summary>
public sealed record PlanningOptions
{
    /// <summary>How to tell pods of the cluster from other sources.</summary>
    public LocalDetector LocalDetector { get; init; } = LocalDetector.None;

    /// <summary>Masquerade every forwarded connection.</summary>
    public bool MasqueradeAll { get; init; }

    /// <summary>NodePorts answer on the node's addresses in these networks; empty for all its addresses.</summary>
    public ImmutableArray<IPNetwork> NodePortNetworks { get; init; } = [];
}

/// <summary>What planning knows of the node it plans for.</summary>
/// <param name="Name">Its name, as EndpointSlices write it.</param>
/// <param name="Zone">Its topology.kubernetes.io/zone label; null without one.</param>
public sealed record NodeFacts(string Name, string? Zone = null);
