using System.Net;
using System.Net.Sockets;
using System.Text;
using Dataplane.Api;
using Dataplane.Hosting;
using Dataplane.TestKit;

namespace Dataplane.Proxy.Tests.Userspace;

public sealed class DatagramRelayTests
{
    private const string PodA = "10.244.1.2";
    private const string PodB = "10.244.1.3";
    private const string ClusterIP = "10.96.0.9";
    private const int Port = 53;
    private const int NodePort = 30053;
    private const int TargetPort = 5353;

    [Theory]
    [InlineData("client", ClusterIP, Port)]
    [InlineData("client", RelayNetwork.NodeAddress, NodePort)]
    [InlineData("pod", ClusterIP, Port)]
    [InlineData("node", ClusterIP, Port)]
    [InlineData("node", "127.0.0.1", NodePort)]
    public void AnswersComeFromTheFrontEnd(string from, string address, int port)
    {
        using var network = new RelayNetwork();
        using var a = StartEcho(network.Pods[0], PodA, "a");
        using var b = StartEcho(network.Pods[1], PodB, "b");
        Serve(network, PodA, PodB);

        // A connected socket takes datagrams from its peer only, so an answer from any other address would not arrive.
        using var client = Connect(network.Host(from), address, port);
        var name = Ask(client, "hello");
        Assert.All(Enumerable.Range(0, 4), i => Assert.Equal(name, Ask(client, $"again {i}")));

        using var second = Connect(network.Host(from), address, port);
        Assert.NotEqual(name, Ask(second, "hello"));
    }

    [Fact]
    public void AFlowMovesWhenItsEndpointGoesAndStaysWhenAnotherComes()
    {
        using var network = new RelayNetwork();
        using var a = StartEcho(network.Pods[0], PodA, "a");
        using var b = StartEcho(network.Pods[1], PodB, "b");
        Serve(network, PodA);
        using var client = Connect(network.Client, ClusterIP, Port);
        Assert.Equal("a", Ask(client, "1"));
        Serve(network, PodA, PodB);
        Assert.Equal("a", Ask(client, "2"));
        Serve(network, PodB);
        Assert.Equal("b", Ask(client, "3"));
        Assert.Equal(2, network.Mode.Engine.Counters().DatagramFlows);
    }

    [Fact]
    public void WhatAnEndpointWasAskedBeforeItWasRemovedIsAnsweredThoughItsClientHasMovedOn()
    {
        using var network = new RelayNetwork();
        using var a = network.Pods[0].Socket(SocketType.Dgram, ProtocolType.Udp);
        a.Bind(new IPEndPoint(IPAddress.Parse(PodA), TargetPort));
        a.ReceiveTimeout = 30_000;
        using var b = StartEcho(network.Pods[1], PodB, "b");
        Serve(network, PodA);
        using var client = Connect(network.Client, ClusterIP, Port);
        client.Send("1"u8);
        var buffer = new byte[16];
        EndPoint at = new IPEndPoint(IPAddress.Any, 0);
        Assert.Equal("1", Encoding.ASCII.GetString(buffer, 0, a.ReceiveFrom(buffer, ref at)));

        Serve(network, PodB);
        Assert.Equal("b", Ask(client, "2"));
        a.SendTo("a1"u8, at);
        Assert.Equal("a1", Encoding.ASCII.GetString(buffer, 0, client.Receive(buffer)));
        Assert.Equal("b", Ask(client, "3"));
    }

    [Theory]
    [InlineData("client", ClusterIP, Port)]
    [InlineData("client", RelayNetwork.NodeAddress, NodePort)]
    [InlineData("pod", ClusterIP, Port)]
    [InlineData("node", ClusterIP, Port)]
    public void AClientThatGoesOnSendingIsRefusedWhileThereAreNoEndpointsAndServedWhenThereAre(string from, string address, int port)
    {
        using var network = new RelayNetwork();
        using var a = StartEcho(network.Pods[0], PodA, "a");
        Serve(network, PodA);
        using var client = Connect(network.Host(from), address, port);
        Assert.Equal("a", Ask(client, "1"));

        // Connection tracking leads its datagrams past the rules that refuse others.
        for (var time = 0; time < 2; time++)
        {
            Serve(network);
            client.Send("2"u8);
            Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => client.Receive(new byte[16])).SocketErrorCode);
            Serve(network, PodA);
            Assert.Equal("a", Ask(client, "3"));
        }
    }

    [Fact]
    public async Task WhatTheNodeDoesNotLetOutOnceGoesOutFromAnotherPortAndIsNoFailureOfTheEndpoint()
    {
        using var network = new RelayNetwork();
        using var metrics = new MetricsText(network.Meter);
        using var a = StartEcho(network.Pods[0], PodA, "a");
        Serve(network, PodA);

        // As connection tracking does it that has no room: the sender gets EPERM.
        var rules = "add table ip full; add chain ip full out { type filter hook output priority 0; }; "
            + $"add rule ip full out udp dport {TargetPort} numgen inc mod 3 != 2 drop";
        (await Tools.RunAsync(network.Node.Namespace, "nft", [rules])).OutputOrThrow();
        for (var turn = 0; turn < 5; turn++)
        {
            using var client = Connect(network.Client, ClusterIP, Port);
            Assert.Equal("a", Ask(client, "hello"));
        }

        Assert.Equal(15, network.Mode.Engine.Counters().DatagramFlows);
        var failures = Assert.Single(metrics.Render().Split('\n'), line => line.StartsWith("dataplane_proxy_relay_endpoint_dial_failures_total{", StringComparison.Ordinal));
        Assert.EndsWith(" 0", failures);
    }

    [Fact]
    public void ADatagramTooLargeForOnePacketArrivesWhole()
    {
        using var network = new RelayNetwork();
        using var a = StartEcho(network.Pods[0], PodA, "a");
        Serve(network, PodA);
        using var client = Connect(network.Client, ClusterIP, Port);
        Assert.Equal("a", Ask(client, new string('x', 60_000)));
    }

    [Fact]
    public void WithoutEndpointsTheClientIsToldAtOnce()
    {
        using var network = new RelayNetwork();
        Serve(network);
        using var client = Connect(network.Client, ClusterIP, Port);
        client.Send("hello"u8);
        Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => client.Receive(new byte[16])).SocketErrorCode);
    }

    [Theory]
    [InlineData("client", ClusterIP, Port)]
    [InlineData("client", RelayNetwork.NodeAddress, NodePort)]
    [InlineData("pod", ClusterIP, Port)]
    [InlineData("node", ClusterIP, Port)]
    [InlineData("node", "127.0.0.1", NodePort)]
    public void AClosedPortOfAnEndpointIsToldToTheClientWhoIsServedByAnotherWhenItAsksAgain(string from, string address, int port)
    {
        using var network = new RelayNetwork();
        Serve(network, PodA);
        using var client = Connect(network.Host(from), address, port);
        client.Send("hello"u8);
        Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => client.Receive(new byte[16])).SocketErrorCode);

        using var b = StartEcho(network.Pods[1], PodB, "b");
        Serve(network, PodA, PodB);
        Assert.Equal("b", Ask(client, "again"));
    }

    [Fact]
    public void ASocketThatPassesToAnotherClientBringsItNothingOfTheFirst()
    {
        using var network = new RelayNetwork(options => options with { Loops = 1, MaxDatagramFlows = 1 });
        using var server = network.Pods[0].Socket(SocketType.Dgram, ProtocolType.Udp);
        server.Bind(new IPEndPoint(IPAddress.Parse(PodA), TargetPort));
        server.ReceiveTimeout = 30_000;
        Serve(network, PodA);
        using var first = Connect(network.Client, ClusterIP, Port);
        using var second = Connect(network.Client, ClusterIP, Port);
        var samePorts = 0;
        for (var turn = 0; turn < 5; turn++)
        {
            var firstAt = Hear(first, "1");
            var secondAt = Hear(second, "2");
            if (firstAt.Equals(secondAt))
            {
                // The kernel draws ports, and may draw the same again.
                samePorts++;
                continue;
            }

            server.SendTo("late"u8, firstAt);
            server.SendTo("right"u8, secondAt);
            var answer = new byte[16];
            Assert.Equal("right", Encoding.ASCII.GetString(answer, 0, second.Receive(answer)));
        }

        Assert.InRange(samePorts, 0, 1);
        Assert.Equal(10, network.Mode.Engine.Counters().DatagramFlows);

        EndPoint Hear(Socket client, string text)
        {
            client.Send(Encoding.ASCII.GetBytes(text));
            var buffer = new byte[16];
            EndPoint at = new IPEndPoint(IPAddress.Any, 0);
            Assert.Equal(text, Encoding.ASCII.GetString(buffer, 0, server.ReceiveFrom(buffer, ref at)));
            return at;
        }
    }

    private static void Serve(RelayNetwork network, params string[] endpoints)
    {
        network.Cluster.Service("dns", ClusterIP, [new ServicePort { Port = Port, NodePort = NodePort, Protocol = "UDP" }])
            .Slice("dns-1", "dns", $"/UDP:{TargetPort}", endpoints);
        network.Apply();
    }

    private static Socket Connect(TestHost from, string address, int port)
    {
        var socket = from.Socket(SocketType.Dgram, ProtocolType.Udp);
        socket.ReceiveTimeout = 30_000;
        socket.Connect(IPAddress.Parse(address), port);
        return socket;
    }

    /// <summary>The name in front of the echo, once the rest has been compared.</summary>
    private static string Ask(Socket client, string text)
    {
        client.Send(Encoding.ASCII.GetBytes(text));
        var buffer = new byte[65_536];
        var answer = Encoding.ASCII.GetString(buffer, 0, client.Receive(buffer));
        Assert.Equal(text, answer[1..]);
        return answer[..1];
    }

    private static Socket StartEcho(TestHost pod, string address, string name)
    {
        var server = pod.Socket(SocketType.Dgram, ProtocolType.Udp);
        server.Bind(new IPEndPoint(IPAddress.Parse(address), TargetPort));
        new Thread(() =>
        {
            var buffer = new byte[65_536];
            buffer[0] = (byte)name[0];
            EndPoint from = new IPEndPoint(IPAddress.Any, 0);
            try
            {
                while (true)
                {
                    var count = server.ReceiveFrom(buffer, 1, buffer.Length - 1, SocketFlags.None, ref from);
                    server.SendTo(buffer, 0, count + 1, SocketFlags.None, from);
                }
            }
            catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
            {
                // The test has closed the socket.
            }
        })
        { IsBackground = true }.Start();
        return server;
    }
}
