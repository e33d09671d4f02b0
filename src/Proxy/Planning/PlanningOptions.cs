using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Dataplane.Proxy.Planning;

/// <summary>Configuration that shapes a plan.</summary>
public sealed record PlanningOptions
{
    private static readonly IPNetwork[] Everywhere = [new(IPAddress.Any, 0), new(IPAddress.IPv6Any, 0)];

    /// <summary>How to tell pods of the cluster from other sources.</summary>
    public LocalDetector LocalDetector { get; init; } = LocalDetector.None;

    /// <summary>Masquerade every connection to a ClusterIP. Source: pkg/proxy/iptables/proxier.go, where external traffic is not asked.</summary>
    public bool MasqueradeAll { get; init; }

    /// <summary>NodePorts answer on the node's addresses in these networks; empty for all its addresses.</summary>
    public ImmutableArray<IPNetwork> NodePortNetworks { get; init; } = [];

    /// <summary>NodePorts answer on the node's primary addresses alone, whatever <see cref="NodePortNetworks"/> says (nodePortAddresses "primary").</summary>
    public bool PrimaryNodePorts { get; init; }

    /// <summary>NodePorts answer on loopback addresses too; see <see cref="NodePortScope.Loopback"/> for who can.</summary>
    public bool LocalhostNodePorts { get; init; }

    /// <summary>The node's primary address of its family, whatever its object says (bindAddress); null for what the object says.</summary>
    public IPAddress? NodeAddress { get; init; }

    // Networks of one family say nothing of the other, whose NodePorts answer everywhere. Source: kubernetes pkg/proxy/util/nodeport_addresses.go.
    internal NodePortScope NodePortsOn(NodeFacts node) => new()
    {
        Loopback = LocalhostNodePorts,
        Networks = PrimaryNodePorts ? [.. node.Addresses.Select(address => new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128))]
            : NodePortNetworks.IsEmpty ? null
            : [.. NodePortNetworks, .. Everywhere.Where(all => NodePortNetworks.All(network => network.BaseAddress.AddressFamily != all.BaseAddress.AddressFamily))],
    };
}
