using System.Net;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Kubelet.Network;

/// <summary>How the agent's own network is built.</summary>
internal sealed record PodNetworkOptions
{
    /// <summary>The node's namespace; null is the process's own.</summary>
    public NetworkNamespace? Node { get; init; }

    /// <summary>The node's ranges, at most one of each family; pods get an address of each, in this order.</summary>
    public required IReadOnlyList<IPNetwork> Ranges { get; init; }

    /// <summary>The file of reservations.</summary>
    public required string Journal { get; init; }

    public PodNetworkLayout Layout { get; init; } = PodNetworkLayout.Bridge;

    /// <summary>Of the pods' devices, in bytes; null for that of the device of the node's default route, or else 1500.</summary>
    public int? Mtu { get; init; }

    /// <summary>How much an overlay between the nodes takes of it.</summary>
    public int Encapsulation { get; init; }

    /// <summary>What pods reach with their own addresses; to anywhere else they go with the node's. Null for everywhere.</summary>
    public IReadOnlyList<IPNetwork>? NonMasqueraded { get; init; }

    /// <summary>Told how long each set-up took.</summary>
    public Action<TimeSpan> SetUpDone { get; init; } = static _ => { };
}

/// <summary>How the node's ends of the pods' veths are joined.</summary>
public enum PodNetworkLayout
{
    /// <summary>They are ports of a bridge, which has the gateway's address.</summary>
    Bridge,

    /// <summary>Each has the gateway's address, and a route leads to the pod: no broadcast, and no limit of 1024 ports.</summary>
    PointToPoint,
}
