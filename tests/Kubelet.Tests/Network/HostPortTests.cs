using System.Net;
using System.Net.Sockets;
using System.Text;
using Dataplane.Api;
using Dataplane.Kubelet.Network;
using Dataplane.TestKit;

namespace Dataplane.Kubelet.Tests.Network;

/// <summary>Ports of the node that lead to pods, from outside, from the node and from the pod itself; and the way out of the cluster.</summary>
public sealed class HostPortTests : IDisposable
{
    private const string Uid = "11111111-aaaa";
    private const string OtherUid = "22222222-bbbb";
    private readonly TestNetwork _machines = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("dp-t-").FullName;
    private readonly TestHost _node;
    private readonly TestHost _client;
    private readonly TestHost _pod;

    public HostPortTests()
    {
        (_node, _client, _pod) = (_machines.AddHost("node"), _machines.AddHost("client"), _machines.AddHost("pod"));
        _machines.Connect(_node, "eth0", "172.30.7.1/24", _client, "eth0", "172.30.7.9/24");
        _node.AddAddress("eth0", "172.30.7.2/24");
        _node.AddAddress("eth0", "fd00:172:30:7::1/64");
        _client.AddAddress("eth0", "fd00:172:30:7::9/64");
        _node.WaitUntilUsable("fd00:172:30:7::1");
        _client.WaitUntilUsable("fd00:172:30:7::9");
    }

    public void Dispose()
    {
        _node.Dispose();
        _client.Dispose();
        _pod.Dispose();
        _machines.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task APortLeadsToThePodInBothFamiliesAndFromEverywhere()
    {
        using var network = Open();
        var addresses = await network.ConnectAsync(With(new HostPortMapping("TCP", null, 8080, 80)), _pod.Namespace, default);
        using var four = Greet(addresses[0]);
        using var six = Greet(addresses[1]);
        Assert.Equal("172.30.7.9", Ask(_client, "172.30.7.1", 8080));
        Assert.Equal("172.30.7.9", Ask(_client, "172.30.7.2", 8080));
        Assert.Equal("fd00:172:30:7::9", Ask(_client, "fd00:172:30:7::1", 8080));
        Assert.Equal("10.244.7.1", Ask(_node, "127.0.0.1", 8080));
        Assert.StartsWith("172.30.7.", Ask(_node, "172.30.7.1", 8080), StringComparison.Ordinal);
        Assert.Equal("10.244.7.1", Ask(_pod, "172.30.7.1", 8080));
        await network.DisconnectAsync(Uid);
        Assert.Throws<SocketException>(() => Ask(_client, "172.30.7.1", 8080));
    }

    [Fact]
    public async Task AHostIPIsTheOnlyAddressThePortIsOn()
    {
        using var network = Open();
        var addresses = await network.ConnectAsync(With(new HostPortMapping("TCP", IPAddress.Parse("172.30.7.2"), 8080, 80)), _pod.Namespace, default);
        using var server = Greet(addresses[0]);
        Assert.Equal("172.30.7.9", Ask(_client, "172.30.7.2", 8080));
        Assert.Throws<SocketException>(() => Ask(_client, "172.30.7.1", 8080));
    }

    /// <summary>kubernetes#59033: a sender that never pauses keeps its flow's entry alive, and with it the wrong translation.</summary>
    [Fact]
    public async Task DatagramsThatWereSentBeforeGoToThePodAndAfterwardsToTheNext()
    {
        using var network = Open();
        using var sender = _client.Socket(SocketType.Dgram, ProtocolType.Udp);
        sender.Bind(new IPEndPoint(IPAddress.Any, 40000));
        sender.SendTo("lost"u8, new IPEndPoint(IPAddress.Parse("172.30.7.1"), 5353));
        var port = new HostPortMapping("UDP", null, 5353, 53);
        var first = await network.ConnectAsync(With(port), _pod.Namespace, default);
        using (var receiver = Bind(_pod, first[0]))
        {
            sender.SendTo("one"u8, new IPEndPoint(IPAddress.Parse("172.30.7.1"), 5353));
            Assert.Equal("one", Receive(receiver));
        }

        await network.DisconnectAsync(Uid);
        var next = _machines.AddHost("next");
        var second = await network.ConnectAsync(With(port) with { Uid = OtherUid }, next.Namespace, default);
        using var after = Bind(next, second[0]);
        sender.SendTo("two"u8, new IPEndPoint(IPAddress.Parse("172.30.7.1"), 5353));
        Assert.Equal("two", Receive(after));
    }

    [Theory]
    [InlineData("172.30.0.0/16", "10.244.7.2")]
    [InlineData("10.0.0.0/8", "172.30.7.1")]
    public async Task WhatLeavesTheClusterCarriesTheNodesAddress(string nonMasqueraded, string seen)
    {
        using var network = Open(nonMasqueraded);
        await network.ConnectAsync(With(), _pod.Namespace, default);
        _client.AddRoute("10.244.7.0/24", "172.30.7.1");
        using var listener = _client.Listen("172.30.7.9", 9000);
        var answer = Serve(listener);
        Assert.Equal(seen, Ask(_pod, "172.30.7.9", 9000));
        await answer;
    }

    [Fact]
    public async Task NobodyOutsideGetsAtTheNodesLoopback()
    {
        using var network = Open();
        var addresses = await network.ConnectAsync(With(new HostPortMapping("TCP", null, 8080, 80)), _pod.Namespace, default);
        var listing = (await Tools.RunAsync(_node.Namespace, "nft", ["list", "table", "ip", HostPortRules.Table])).OutputOrThrow();
        Assert.Contains("ip daddr 127.0.0.0/8 iif != \"lo\" drop", listing);
        Assert.NotEmpty(addresses);
    }

    [Fact]
    public async Task ATableOfAnEarlierAgentGoesWithItsPods()
    {
        using (var before = Open())
        {
            await before.ConnectAsync(With(new HostPortMapping("TCP", null, 8080, 80)), _pod.Namespace, default);
        }

        Assert.Contains(HostPortRules.Table, (await Tools.RunAsync(_node.Namespace, "nft", ["list", "tables"])).OutputOrThrow());
        using var after = Open();
        Assert.DoesNotContain(HostPortRules.Table, (await Tools.RunAsync(_node.Namespace, "nft", ["list", "tables"])).OutputOrThrow());
    }

    [Fact]
    public async Task TrafficIsLimitedBothWays()
    {
        using var network = Open();
        await network.ConnectAsync(With() with { IngressRate = 8_000_000, EgressRate = 4_000_000 }, _pod.Namespace, default);
        var port = (await Tools.RunAsync(_node.Namespace, "tc", ["qdisc", "show", "dev", PodNetwork.DeviceOf(Uid)])).OutputOrThrow();
        Assert.Contains("tbf 1: root", port);
        Assert.Contains("rate 8Mbit burst 64Kb", port);
        Assert.Contains("ingress ffff:", port);
        var intermediate = (await Tools.RunAsync(_node.Namespace, "tc", ["-s", "qdisc", "show", "dev", BandwidthLimits.DeviceOf(Uid)])).OutputOrThrow();
        Assert.Contains("rate 4Mbit", intermediate);

        // 1 MB at 4 Mbit/s: what came through is what the bucket let through, more of it waited or was dropped. A busy machine may send more slowly than that.
        using var sender = _pod.Socket(SocketType.Dgram, ProtocolType.Udp);
        await Eventually.HoldsAsync(
            async () =>
            {
                for (var packet = 0; packet < 1000; packet++)
                {
                    sender.SendTo(new byte[1000], new IPEndPoint(IPAddress.Parse("10.244.7.1"), 9999));
                }

                intermediate = (await Tools.RunAsync(_node.Namespace, "tc", ["-s", "qdisc", "show", "dev", BandwidthLimits.DeviceOf(Uid)])).OutputOrThrow();
                return intermediate.Split("dropped ").Skip(1).Any(rest => rest[0] is >= '1' and <= '9');
            },
            "some of what was sent is dropped");
        await network.DisconnectAsync(Uid);
        Assert.Null(_node.Route.FindLink(BandwidthLimits.DeviceOf(Uid)));
    }

    [Theory]
    [InlineData("10M", 10_000_000L, null)]
    [InlineData("1Mi", 1_048_576L, null)]
    [InlineData("999", null, "unreasonably small")]
    [InlineData("2P", null, "unreasonably large")]
    [InlineData("fast", null, "\"fast\" is not a quantity")]
    public void ARateIsAQuantityWithinBounds(string text, long? rate, string? problem)
    {
        var pod = new Pod { Metadata = new ObjectMeta { Annotations = { [BandwidthAnnotation.Egress] = text } } };
        if (problem is null)
        {
            Assert.Equal(rate, BandwidthAnnotation.Parse(pod, BandwidthAnnotation.Egress));
        }
        else
        {
            Assert.Contains(problem, Assert.Throws<FormatException>(() => BandwidthAnnotation.Parse(pod, BandwidthAnnotation.Egress)).Message);
        }
    }

    private static PodNetworkRequest With(params HostPortMapping[] ports) => new(Uid) { HostPorts = ports };

    private PodNetwork Open(string? nonMasqueraded = null)
    {
        var network = new PodNetwork(new PodNetworkOptions
        {
            Node = _node.Namespace,
            Ranges = [IPNetwork.Parse("10.244.7.0/24"), IPNetwork.Parse("fd00:10:244:7::/64")],
            Journal = Path.Combine(_directory, "addresses"),
            NonMasqueraded = nonMasqueraded is null ? null : [IPNetwork.Parse(nonMasqueraded)],
        });
        network.Reconcile([]);
        return network;
    }

    private Socket Greet(IPAddress address)
    {
        var listener = _pod.Listen(address.ToString(), 80);
        _ = Task.Run(async () =>
        {
            while (await Serve(listener))
            {
            }
        });
        return listener;
    }

    /// <summary>Tells a client the address it is seen with.</summary>
    private static async Task<bool> Serve(Socket listener)
    {
        try
        {
            using var connection = await listener.AcceptAsync();
            await connection.SendAsync(Encoding.ASCII.GetBytes(((IPEndPoint)connection.RemoteEndPoint!).Address.ToString()));
            return true;
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    private static string Ask(TestHost from, string address, int port)
    {
        var to = IPAddress.Parse(address);
        using var socket = from.Socket(SocketType.Stream, ProtocolType.Tcp, to.AddressFamily);
        socket.ReceiveTimeout = 60_000;
        socket.Connect(to, port);
        var bytes = new byte[64];
        return Encoding.ASCII.GetString(bytes, 0, socket.Receive(bytes));
    }

    private static Socket Bind(TestHost host, IPAddress address)
    {
        var socket = host.Socket(SocketType.Dgram, ProtocolType.Udp);
        socket.ReceiveTimeout = 60_000;
        socket.Bind(new IPEndPoint(address, 53));
        return socket;
    }

    private static string Receive(Socket socket)
    {
        var bytes = new byte[64];
        return Encoding.ASCII.GetString(bytes, 0, socket.Receive(bytes));
    }
}
