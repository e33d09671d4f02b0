using System.Net;
using System.Net.Sockets;
using Dataplane.Api;
using Dataplane.Netlink.Route;
using Dataplane.Proxy.Userspace;
using Dataplane.Proxy.Userspace.Relay;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Proxy.Tests.Userspace;

/// <summary>One machine: the endpoint is an address of its loopback device.</summary>
public sealed class UserspaceIPv6Tests
{
    private const string Endpoint = "fd00:10:244::5";
    private const string ClusterIP = "fd00:10:96::5";

    [Theory]
    [InlineData(ClusterIP, 80, true)]
    [InlineData("::1", 30080, true)]
    [InlineData(ClusterIP, 53, false)]
    [InlineData("::1", 30053, false)]
    public async Task FrontEndsOfBothProtocolsLeadToTheEndpoint(string address, int port, bool stream)
    {
        using var network = new TestNetwork();
        var node = AddNode(network);
        await using var mode = StartMode(node);
        var (type, protocol) = stream ? (SocketType.Stream, ProtocolType.Tcp) : (SocketType.Dgram, ProtocolType.Udp);
        using var server = node.Socket(type, protocol, AddressFamily.InterNetworkV6);
        server.Bind(new IPEndPoint(IPAddress.Parse(Endpoint), stream ? 8080 : 5353));
        if (stream)
        {
            server.Listen();
        }

        using var client = node.Socket(type, protocol, AddressFamily.InterNetworkV6);
        client.ReceiveTimeout = server.ReceiveTimeout = 60_000;
        client.Connect(IPAddress.Parse(address), port);
        client.Send("ping"u8);
        var buffer = new byte[16];
        if (stream)
        {
            using var accepted = server.Accept();
            Assert.Equal(4, accepted.Receive(buffer));
            accepted.Send("pong"u8);
        }
        else
        {
            EndPoint from = new IPEndPoint(IPAddress.IPv6Any, 0);
            Assert.Equal(4, server.ReceiveFrom(buffer, ref from));
            server.SendTo("pong"u8, from);
        }

        Assert.Equal(4, client.Receive(buffer));
        Assert.Equal("pong"u8, buffer.AsSpan(0, 4));
    }

    [Theory]
    [InlineData(ClusterIP, 53)]
    [InlineData("::1", 30053)]
    public async Task AClosedPortOfAnEndpointIsToldToUdpClients(string address, int port)
    {
        using var network = new TestNetwork();
        var node = AddNode(network);
        await using var mode = StartMode(node);
        using var client = node.Socket(SocketType.Dgram, ProtocolType.Udp, AddressFamily.InterNetworkV6);
        client.ReceiveTimeout = 60_000;
        client.Connect(IPAddress.Parse(address), port);
        client.Send("ping"u8);
        Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => client.Receive(new byte[16])).SocketErrorCode);
    }

    private static TestHost AddNode(TestNetwork network)
    {
        var node = network.AddHost("node");
        node.AddAddress("lo", Endpoint + "/128");
        node.WaitUntilUsable(Endpoint);
        node.Route.ReplaceRoute(new Route(IPNetwork.Parse("fd00:10:96::/112"), LinkIndex: node.Route.GetLink("lo").Index));
        return node;
    }

    private static UserspaceMode StartMode(TestHost node)
    {
        var mode = new UserspaceMode(
            new ProxyModeContext(node.Namespace, 0, () => { }, NullLoggerFactory.Instance, TimeProvider.System), new RelayOptions { Loops = 1 });
        mode.Apply(null, new Cluster()
            .Service("both", ClusterIP, [Port("web", 80, "TCP"), Port("dns", 53, "UDP")])
            .Slice("both", "web:8080,dns/UDP:5353", Endpoint).Plan());
        return mode;
    }

    private static ServicePort Port(string name, int port, string protocol) =>
        new() { Name = name, Port = port, NodePort = 30000 + port, Protocol = protocol };
}
