using System.Net;
using System.Net.Sockets;
using System.Text;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Kubelet.Network;
using Dataplane.Kubelet.Nodes;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Kubelet.Tests.Network;

/// <summary>Two nodes behind a router, or on one link, and their pods.</summary>
public sealed class NodeRoutesTests : IDisposable
{
    private readonly TestNetwork _machines = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("dp-t-").FullName;

    public void Dispose()
    {
        _machines.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void RoutesAreKeptTrueWhileNodesComeChangeAndGoAndOthersMeddle()
    {
        var node = _machines.AddHost("node");
        var other = _machines.AddHost("other");
        _machines.Connect(node, "eth0", "172.30.7.1/24", other, "eth0", "172.30.7.2/24");
        node.AddAddress("eth0", "fd00:172:30:7::1/64");
        node.WaitUntilUsable("fd00:172:30:7::1");
        node.AddRoute("198.51.100.0/24", "172.30.7.2");
        var routes = Routes(node, null);
        routes.Handle(Added(Node("two", "172.30.7.2", "10.244.2.0/24", "fd00:172:30:7::2", "fd00:10:244:2::/64")));
        Assert.True(routes.Sync(complete: true));
        Assert.Equal(["10.244.2.0/24 via 172.30.7.2", "fd00:10:244:2::/64 via fd00:172:30:7::2"], Ours(node));

        // Somebody removes one; the node gets another range; an earlier agent left one of a node that went.
        node.Route.DeleteRoute(new Netlink.Route.Route(IPNetwork.Parse("10.244.2.0/24"), IPAddress.Parse("172.30.7.2")));
        node.Route.ReplaceRoute(new Netlink.Route.Route(IPNetwork.Parse("10.244.9.0/24"), IPAddress.Parse("172.30.7.2")) { Protocol = NodeRoutes.Protocol });
        Assert.True(routes.Sync(complete: false));
        Assert.Contains("10.244.9.0/24 via 172.30.7.2", Ours(node));
        Assert.True(routes.Sync(complete: true));
        Assert.Equal(["10.244.2.0/24 via 172.30.7.2", "fd00:10:244:2::/64 via fd00:172:30:7::2"], Ours(node));
        routes.Handle(Added(Node("two", "172.30.7.3", "10.244.3.0/24")));
        Assert.True(routes.Sync(complete: true));
        Assert.Equal(["10.244.3.0/24 via 172.30.7.3"], Ours(node));

        // A node whose address no route leads to is tried again, and keeps no other from being served.
        routes.Handle(Added(Node("far", "203.0.113.9", "10.244.4.0/24")));
        Assert.False(routes.Sync(complete: true));
        Assert.Equal(["10.244.3.0/24 via 172.30.7.3"], Ours(node));
        node.AddAddress("eth0", "203.0.113.1/24");
        Assert.True(routes.Sync(complete: true));
        Assert.Equal(["10.244.3.0/24 via 172.30.7.3", "10.244.4.0/24 via 203.0.113.9"], Ours(node));

        routes.Handle(new InformerChange<Node>(InformerChangeType.Deleted, Node("two", "172.30.7.3", "10.244.3.0/24"), null));
        routes.Handle(new InformerChange<Node>(InformerChangeType.Deleted, Node("far", "203.0.113.9", "10.244.4.0/24"), null));
        Assert.True(routes.Sync(complete: true));
        Assert.Empty(Ours(node));
        Assert.Contains(node.Route.Routes(), route => route.Destination.ToString() == "198.51.100.0/24");
    }

    [Fact]
    public async Task PodsOfNodesThatShareNoLinkReachEachOtherInsideVxlan()
    {
        var (one, two, router) = (_machines.AddHost("one"), _machines.AddHost("two"), _machines.AddHost("router"));
        _machines.Connect(one, "eth0", "192.0.2.11/24", router, "one", "192.0.2.1/24");
        _machines.Connect(two, "eth0", "198.51.100.12/24", router, "two", "198.51.100.1/24");
        Linux.Sysctls.Sysctl.Write(router.Namespace, "net/ipv4/ip_forward", "1");
        one.AddRoute("0.0.0.0/0", "192.0.2.1");
        two.AddRoute("0.0.0.0/0", "198.51.100.1");
        var first = Overlay(one, "one", "192.0.2.11", "10.244.1.0/24");
        var second = Overlay(two, "two", "198.51.100.12", "10.244.2.0/24");
        var (fromOne, fromTwo) = (Routes(one, first), Routes(two, second));
        fromOne.Handle(Added(With(Node("two", "198.51.100.12", "10.244.2.0/24"), second)));
        fromTwo.Handle(Added(With(Node("one", "192.0.2.11", "10.244.1.0/24"), first)));
        fromOne.Handle(Added(Node("stranger", "192.0.2.99", "10.244.99.0/24")));
        Assert.True(fromOne.Sync(complete: true) && fromTwo.Sync(complete: true));
        Assert.Equal(1450, one.Route.GetLink(VxlanOverlay.Device).Mtu);

        var (podOne, addressOne) = await PodAsync(one, "10.244.1.0/24");
        var (podTwo, addressTwo) = await PodAsync(two, "10.244.2.0/24");
        using var listener = podTwo.Listen(addressTwo.ToString(), 8080);
        using var client = podOne.Socket(SocketType.Stream, ProtocolType.Tcp);
        client.Connect(addressTwo, 8080);
        using var served = await listener.AcceptAsync(TestContext.Current.CancellationToken);
        Assert.Equal(addressOne, ((IPEndPoint)served.RemoteEndPoint!).Address);

        // More than one packet's worth: nothing is too large on the way.
        var sent = served.SendAsync(new byte[100_000]);
        var received = 0;
        while (received < 100_000)
        {
            received += await client.ReceiveAsync(new byte[8192], TestContext.Current.CancellationToken);
        }

        await sent;
        fromOne.Handle(new InformerChange<Node>(InformerChangeType.Deleted, With(Node("two", "198.51.100.12", "10.244.2.0/24"), second), null));
        Assert.True(fromOne.Sync(complete: true));
        Assert.Empty(Ours(one));
        Assert.DoesNotContain("198.51.100.12", (await Tools.RunAsync(one.Namespace, "bridge", ["fdb", "show", "dev", VxlanOverlay.Device])).OutputOrThrow());
    }

    private static InformerChange<Node> Added(Node node) => new(InformerChangeType.Added, null, node);

    private static Node Node(string name, params string[] addressesAndRanges) => new()
    {
        Metadata = new ObjectMeta { Name = name },
        Spec = new NodeSpec { PodCIDR = addressesAndRanges[1], PodCIDRs = [.. addressesAndRanges.Where(text => text.Contains('/'))] },
        Status = new NodeStatus { Addresses = [.. addressesAndRanges.Where(text => !text.Contains('/')).Select(text => new NodeAddress { Type = "InternalIP", Address = text })] },
    };

    private static Node With(Node node, VxlanOverlay overlay)
    {
        foreach (var (key, value) in overlay.Annotations)
        {
            node.Metadata.Annotations[key] = value;
        }

        return node;
    }

    private static string[] Ours(TestHost node) =>
        [.. node.Route.Routes().Where(route => route.Protocol == NodeRoutes.Protocol).Select(route => $"{route.Destination} via {route.Gateway}").Order(StringComparer.Ordinal)];

    private static NodeRoutes Routes(TestHost node, VxlanOverlay? overlay) => new(node.Route, "self", overlay, TimeProvider.System, NullLogger.Instance);

    private static VxlanOverlay Overlay(TestHost node, string name, string address, string range) =>
        new(node.Route, name, IPAddress.Parse(address), IPNetwork.Parse(range), null, NullLogger.Instance);

    private async Task<(TestHost Pod, IPAddress Address)> PodAsync(TestHost node, string range)
    {
        using var network = new PodNetwork(new PodNetworkOptions
        {
            Node = node.Namespace,
            Ranges = [IPNetwork.Parse(range)],
            Journal = Path.Combine(_directory, Convert.ToHexString(Encoding.ASCII.GetBytes(range)), "addresses"),
            Encapsulation = VxlanOverlay.Overhead,
        });
        network.Reconcile([]);
        var pod = _machines.AddHost("pod" + range.Split('.')[2]);
        return (pod, (await network.ConnectAsync(new PodNetworkRequest("11111111-aaaa"), pod.Namespace, default))[0]);
    }
}
