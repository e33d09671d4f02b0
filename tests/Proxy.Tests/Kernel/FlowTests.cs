using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using Dataplane.Netlink.ConnectionTracking;
using Dataplane.Proxy.ConnectionTracking;
using Dataplane.Proxy.Nftables;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.Tests.Scenarios;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Proxy.Tests.Kernel;

/// <summary>Clients that go on sending from one UDP port while pods come and go, and connections begun before there were rules.</summary>
public sealed class FlowTests(FlowTests.Rig rig) : IClassFixture<FlowTests.Rig>
{
    [Theory]
    [InlineData("pod-c", "10.96.0.1", 80, "10.244.1.5 here", "10.244.1.6 here", "8080", "a", "b")]
    [InlineData("client", "172.30.0.11", 30080, "10.244.1.5 here", "10.244.2.5", "8080", "a", "c")]
    [InlineData("client", "172.30.0.11", 30080, "172.30.0.11 here", "172.30.0.12", "9000", "h", "g")]
    [InlineData("node", "10.96.0.1", 80, "10.244.1.5 here", "10.244.2.5", "8080", "a", "c")]
    [InlineData("pod-c", "fd00:10:96::1", 80, "fd00:10:244:1::5 here", "fd00:10:244:1::6 here", "8080", "a", "b")]
    public async Task AClientThatGoesOnSendingReachesTheNextPod(
        string source, string address, int port, string first, string second, string targetPort, string firstName, string secondName)
    {
        var cluster = Web().Slice("s", "web", $"/UDP:{targetPort}", [first]);
        await using var mode = rig.Start();
        var plan = Apply(mode, null, cluster);
        using var client = rig.Client(source, address, port);
        Assert.Equal(firstName, await AskAsync(client));

        // The old pod drains beside the new one: who talks to it goes on.
        plan = Apply(mode, plan, cluster.Slice("s", "web", $"/UDP:{targetPort}", [$"{first} terminating serving", second]));
        Assert.Equal(firstName, await AskAsync(client));
        Apply(mode, plan, cluster.Slice("s", "web", $"/UDP:{targetPort}", [second]));
        Assert.Equal(secondName, await AskAsync(client));
    }

    [Fact]
    public async Task TheLastEndpointsFlowsGoWithItAndOthersStay()
    {
        var cluster = Web().Slice("s", "web", "/UDP:8080", ["10.244.1.5 here"])
            .Service("other", "10.96.0.2", [new() { Port = 80, Protocol = "UDP" }]).Slice("other", "/UDP:8080", "10.244.1.5 here");
        await using var mode = rig.Start();
        var plan = Apply(mode, null, cluster);
        using var client = rig.Client("pod-c", "10.96.0.1", 80);
        using var bystander = rig.Client("pod-c", "10.96.0.2", 80);
        Assert.Equal("a", await AskAsync(client));
        Assert.Equal("a", await AskAsync(bystander));

        plan = Apply(mode, plan, cluster.Slice("s", "web", "/UDP:8080", ["10.244.1.5 here unready"]));
        Assert.Equal(["10.96.0.2:80"], rig.Destinations());
        Assert.Equal("reject", await AskAsync(client));
        plan = Apply(mode, plan, cluster.Slice("s", "web", "/UDP:8080", ["10.244.1.6 here"]));
        Assert.Equal("b", await AskAsync(client));
        Apply(mode, plan, cluster.Delete("web"));
        Assert.Equal(["10.96.0.2:80"], rig.Destinations());
    }

    [Fact]
    public async Task FlowsThatAnEarlierProcessLeftAreLookedAtAtTheStart()
    {
        var cluster = Web().Slice("s", "web", "/UDP:8080", ["10.244.1.5 here"]);
        using var client = rig.Client("pod-c", "10.96.0.1", 80);
        await using (var earlier = rig.Start())
        {
            Apply(earlier, null, cluster);
            Assert.Equal("a", await AskAsync(client));
        }

        await using var mode = rig.Start();
        Apply(mode, null, cluster.Slice("s", "web", "/UDP:8080", ["10.244.1.6 here"]));
        Assert.Equal("b", await AskAsync(client));
    }

    /// <summary>A connection begun while the proxy had no rules for it: the next repetition of its SYN gets through.</summary>
    [Theory]
    [InlineData("10.96.0.9", "10.244.1.5 here")]
    [InlineData("fd00:10:96::9", "fd00:10:244:1::5 here")]
    public async Task WhatPassedTheRulesByGetsThroughWithTheirReturn(string address, string endpoint)
    {
        var destination = IPAddress.Parse(address);
        var cluster = Web();
        await using var mode = rig.Start();
        var plan = Apply(mode, null, cluster);
        rig.Lose(destination);
        using var client = rig.Connection("node", destination.AddressFamily);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var connected = client.ConnectAsync(new IPEndPoint(destination, 80), limit.Token);
        await Eventually.HoldsAsync(() => rig.Unanswered(destination) == 1, "the SYN has left without a translation");

        Apply(mode, plan, cluster.Service("late", "10.96.0.9", 80, s => s.Spec.ClusterIPs = ["10.96.0.9", "fd00:10:96::9"]).Slice("late", "8080", endpoint));
        await connected;
        var buffer = new byte[64];
        await client.SendAsync(new byte[1], limit.Token);
        Assert.Equal("a", Encoding.ASCII.GetString(buffer, 0, await client.ReceiveAsync(buffer, limit.Token)).Split(' ')[0]);
    }

    private static Cluster Web() => new Cluster().Service(
        "web", "10.96.0.1", [new() { Port = 80, NodePort = 30080, Protocol = "UDP" }], s => s.Spec.ClusterIPs = ["10.96.0.1", "fd00:10:96::1"]);

    private static ForwardingPlan Apply(IProxyMode mode, ForwardingPlan? previous, Cluster cluster)
    {
        var plan = cluster.Plan();
        mode.Apply(previous, plan);
        return plan;
    }

    // Asks again if a packet was lost on a busy machine; the flow is the same. An answer that was only late is not taken for the next one's.
    private static async Task<string> AskAsync(Socket client)
    {
        var buffer = new byte[64];
        for (var attempt = 0; attempt < 6; attempt++)
        {
            while (client.Available > 0)
            {
                await client.ReceiveAsync(buffer);
            }

            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            try
            {
                await client.SendAsync(new byte[1], timeout.Token);
                return Encoding.ASCII.GetString(buffer, 0, await client.ReceiveAsync(buffer, timeout.Token)).Split(' ')[0];
            }
            catch (OperationCanceledException)
            {
            }
            catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
            {
                return "reject";
            }
        }

        return "silence";
    }

    /// <summary>One network for all tests of the class.</summary>
    public sealed class Rig : IDisposable
    {
        private readonly ScenarioNetwork _network = new();

        public void Dispose() => _network.Dispose();

        internal IProxyMode Start()
        {
            var context = new ProxyModeContext(_network.Node.Namespace, 0x4000, () => { }, NullLoggerFactory.Instance, TimeProvider.System);
            return new FlowCleaningMode(new NftablesMode(context), context);
        }

        internal Socket Client(string source, string address, int port)
        {
            var destination = IPAddress.Parse(address);
            var socket = _network[source].Socket(SocketType.Dgram, ProtocolType.Udp, destination.AddressFamily);
            socket.Connect(destination, port);
            return socket;
        }

        internal Socket Connection(string source, AddressFamily family) => _network[source].Socket(SocketType.Stream, ProtocolType.Tcp, family);

        /// <summary>Lets what the node sends to an address leave for where nobody is.</summary>
        internal void Lose(IPAddress address)
        {
            var route = _network.Node.Route;
            // A bridge without a port, as not every kernel has dummy devices; nobody answers for the address, and nobody says that it cannot be reached.
            var link = route.FindLink("dp-nowhere")?.Index ?? route.CreateBridge("dp-nowhere");
            route.SetUp(link);
            route.ReplaceNeighbour(link, address, PhysicalAddress.Parse("02-00-00-00-00-09"));
            route.ReplaceRoute(new Dataplane.Netlink.Route.Route(new IPNetwork(address, address.GetAddressBytes().Length * 8), LinkIndex: link));
        }

        /// <summary>Connections to an address that nobody has answered.</summary>
        internal int Unanswered(IPAddress address)
        {
            using var connection = ConntrackConnection.Open(_network.Node.Namespace);
            return connection.UnansweredFlows(address.AddressFamily).Count(flow => flow.Destination.Address.Equals(address));
        }

        /// <summary>Where the node's UDP flows of pod-c to ClusterIPs go.</summary>
        internal string[] Destinations()
        {
            using var connection = ConntrackConnection.Open(_network.Node.Namespace);
            return [.. connection.Flows(AddressFamily.InterNetwork, ProtocolType.Udp)
                .Where(flow => flow.Source.Address.ToString() == Topology.Addresses["pod-c"] && flow.Destination.Address.ToString().StartsWith("10.96.", StringComparison.Ordinal))
                .Select(flow => flow.Destination.ToString()).Distinct()];
        }
    }
}
