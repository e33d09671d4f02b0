using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Linux;
using Dataplane.Netlink;
using Dataplane.Netlink.Route;
using Microsoft.Extensions.Logging;

namespace Dataplane.Kubelet.Nodes;

/// <summary>
/// Pods' packets to other nodes inside UDP, for nodes that share no link: flannel's wire format and annotations, so that nodes with either understand one
/// another, without an agent of its own.
/// <code>
/// route      10.244.2.0/24 via 10.244.2.0 dev dp-vxlan onlink
/// neighbour  10.244.2.0 is at 5e:...:02
/// forwarding 5e:...:02 is behind 192.0.2.12
/// </code>
/// </summary>
/// <remarks>IPv4 pods over IPv4 nodes. Source: flannel, pkg/backend/vxlan and Documentation/kubernetes.md.</remarks>
internal sealed class VxlanOverlay
{
    internal const string Device = "dp-vxlan";

    /// <summary>Of IPv4, UDP, VXLAN and the Ethernet inside.</summary>
    internal const int Overhead = 50;

    private const string Prefix = "flannel.alpha.coreos.com/";
    private const int NetworkId = 1;
    private const int Port = 8472;

    private readonly RouteConnection _routes;
    private readonly ILogger _logger;
    private readonly IPAddress _publicAddress;
    private readonly PhysicalAddress _hardware;
    private readonly int _link;
    private readonly Dictionary<string, Peer> _known = new(StringComparer.Ordinal);

    /// <exception cref="NetlinkException">The node has no device with its address, or the kernel no VXLAN.</exception>
    internal VxlanOverlay(RouteConnection routes, string nodeName, IPAddress address, IPNetwork range, int? mtu, ILogger logger)
    {
        _routes = routes;
        _logger = logger;
        _publicAddress = address;
        _hardware = HardwareAddressOf(nodeName);
        var uplink = routes.Addresses().FirstOrDefault(one => one.Address.Equals(address))?.LinkIndex
            ?? throw new NetlinkException($"find the device with the node's address {address}", Errno.ENODEV);
        if (routes.FindLink(Device) is { } stale)
        {
            routes.DeleteLink(stale.Index);
        }

        var outside = routes.Links().First(one => one.Index == uplink).Mtu;
        _link = routes.CreateVxlan(new VxlanPlan(Device, NetworkId, Port, uplink, address, mtu ?? outside - Overhead, _hardware));
        routes.AddAddress(_link, range.BaseAddress, 32);
        routes.SetUp(_link);
    }

    /// <summary>What other nodes need to know of this one, as flannel writes it.</summary>
    internal IReadOnlyDictionary<string, string> Annotations => new Dictionary<string, string>
    {
        [Prefix + "backend-type"] = "vxlan",
        [Prefix + "backend-data"] = new JsonObject { ["VNI"] = NetworkId, ["VtepMAC"] = Text(_hardware) }.ToJsonString(),
        [Prefix + "public-ip"] = _publicAddress.ToString(),
        [Prefix + "kube-subnet-manager"] = "true",
    };

    internal IEnumerable<Route> RoutesTo(Node node) => PeerOf(node) is { } peer
        ? [new Route(peer.Range, peer.Range.BaseAddress, _link) { OnLink = true, Protocol = NodeRoutes.Protocol }]
        : [];

    /// <returns>Whether all is as it should be.</returns>
    internal bool SyncNeighbours(IReadOnlyCollection<Node> nodes, bool complete)
    {
        var good = true;
        var wanted = nodes.Select(node => (node.Metadata.Name, Peer: PeerOf(node))).Where(one => one.Peer is not null).ToDictionary(one => one.Name, one => one.Peer!);
        foreach (var (name, old) in _known.Where(one => complete && !wanted.ContainsValue(one.Value)).ToArray())
        {
            good &= Try(name, () => _routes.DeleteForwarding(_link, old.Hardware, old.Address)) & Try(name, () => _routes.DeleteNeighbour(_link, old.Range.BaseAddress));
            _known.Remove(name);
        }

        foreach (var (name, peer) in wanted.Where(one => !Equals(_known.GetValueOrDefault(one.Key), one.Value)))
        {
            if (Try(name, () => _routes.ReplaceForwarding(_link, peer.Hardware, peer.Address)) & Try(name, () => _routes.ReplaceNeighbour(_link, peer.Range.BaseAddress, peer.Hardware)))
            {
                _known[name] = peer;
            }
            else
            {
                good = false;
            }
        }

        return good;
    }

    /// <summary>Null for a node that does not take part, or says so in words that are none.</summary>
    private static Peer? PeerOf(Node node)
    {
        var annotations = node.Metadata.Annotations;
        if (annotations.GetValueOrDefault(Prefix + "backend-type") != "vxlan"
            || !IPAddress.TryParse(annotations.GetValueOrDefault(Prefix + "public-ip"), out var address)
            || NodeRanges.Of(node).Cast<IPNetwork?>().FirstOrDefault(one => one!.Value.BaseAddress.AddressFamily == AddressFamily.InterNetwork) is not { } range)
        {
            return null;
        }

        try
        {
            var data = JsonNode.Parse(annotations.GetValueOrDefault(Prefix + "backend-data") ?? "");
            return data?["VNI"]?.GetValue<int>() is null or NetworkId && PhysicalAddress.TryParse($"{data?["VtepMAC"]}".Replace(':', '-').ToUpperInvariant(), out var hardware)
                ? new Peer(range, address, hardware)
                : null;
        }
        catch (Exception none) when (none is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    /// <summary>The same after every start, so that other nodes need not learn another: locally administered, for one station.</summary>
    private static PhysicalAddress HardwareAddressOf(string nodeName)
    {
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes(nodeName))[..6];
        bytes[0] = (byte)((bytes[0] | 2) & ~1);
        return new PhysicalAddress(bytes);
    }

    private static string Text(PhysicalAddress address) => string.Join(':', address.GetAddressBytes().Select(one => one.ToString("x2", System.Globalization.CultureInfo.InvariantCulture)));

    private bool Try(string node, Action change)
    {
        try
        {
            change();
            return true;
        }
        catch (NetlinkException gone) when (gone.Errno == Errno.ENOENT)
        {
            return true;
        }
        catch (NetlinkException problem)
        {
            Log.RouteProblem(_logger, node, problem.Message);
            return false;
        }
    }

    private sealed record Peer(IPNetwork Range, IPAddress Address, PhysicalAddress Hardware);
}
