using System.Net;
using System.Net.Sockets;
using System.Text;
using Dataplane.Api;
using Dataplane.Hosting;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;
using Dataplane.Proxy.Userspace;
using Dataplane.TestKit;

namespace Dataplane.Proxy.Tests.Userspace;

/// <summary>What a relay can do beyond what a kernel mode does, and what it is protected from.</summary>
public sealed class RelayBehaviourTests
{
    private const string PodA = "10.244.1.2";
    private const string PodB = "10.244.1.3";

    [Theory]
    [InlineData(RelayNetwork.NodeAddress, RelayNetwork.NodePort)]
    [InlineData("10.96.0.6", RelayNetwork.TargetPort)]
    public void AnEndpointThatLeadsBackToTheRelayIsRefusedAndServesNobodyElse(string endpoint, int port)
    {
        using var network = new RelayNetwork();
        using var a = new PodServer(network.Pods[0], PodA, RelayNetwork.TargetPort, "a");
        network.Cluster.Service("loop", "10.96.0.6", [new ServicePort { Port = RelayNetwork.TargetPort, NodePort = RelayNetwork.NodePort }])
            .Slice("loop", $"{port}", endpoint);
        network.Cluster.Service("web", RelayNetwork.ClusterIP, RelayNetwork.ServicePort).Slice("web-1", "web", $"{RelayNetwork.TargetPort}", [PodA]);
        network.Apply();
        using (var client = Connect(network, "10.96.0.6", RelayNetwork.TargetPort))
        {
            Assert.Equal("", Receive(client));
        }

        Assert.Equal(1, network.Mode.Engine.Counters().Accepted);
        using var other = Connect(network, RelayNetwork.ClusterIP, RelayNetwork.ServicePort);
        Assert.Equal("a\n", Receive(other));
    }

    [Fact]
    public void DatagramsToAnEndpointThatLeadsBackToTheRelayEndThere()
    {
        using var network = new RelayNetwork();
        network.Cluster.Service("loop", "10.96.0.6", [new ServicePort { Port = 53, Protocol = "UDP" }]).Slice("loop", "/UDP:53", "10.96.0.6");
        network.Apply();
        using var client = network.Client.Socket(SocketType.Dgram, ProtocolType.Udp);
        client.Connect(IPAddress.Parse("10.96.0.6"), 53);
        for (var i = 0; i < 5; i++)
        {
            client.Send("x"u8);
        }

        Assert.True(SpinWait.SpinUntil(() => network.Mode.Engine.Counters().DatagramFlows > 0, TimeSpan.FromSeconds(60)));

        // Each of the five is tried four times at most.
        Assert.InRange(network.Mode.Engine.Counters().DatagramFlows, 1, 20);
        Assert.InRange(network.Mode.Engine.Counters().Datagrams, 0, 20);
    }

    [Fact]
    public void UnderPolicyLocalEndpointsSeeTheClientsAddress()
    {
        using var network = new RelayNetwork();
        using var listener = network.Pods[0].Listen(PodA, RelayNetwork.TargetPort);
        network.Serve(service => service.Spec.ExternalTrafficPolicy = "Local", PodA + " here");
        foreach (var (from, seen) in new[] { (network.Client, RelayNetwork.ClientAddress), (network.Node, RelayNetwork.PodGateway) })
        {
            using var client = RelayNetwork.Connect(from, RelayNetwork.NodeAddress, RelayNetwork.NodePort);
            using var server = listener.Accept();
            Assert.Equal(seen, ((IPEndPoint)server.RemoteEndPoint!).Address.ToString());
            server.Send("hello"u8);
            Assert.Equal("hello", Receive(client));
        }

        network.Mode.Cleanup();
        Assert.DoesNotContain(network.Node.Route.Rules(), rule => rule.Table == PreservedClients.Table);
        Assert.DoesNotContain(network.Node.Route.Routes(), route => route.Table == PreservedClients.Table);
    }

    [Fact]
    public void WhereClientsAddressesCannotBePreservedOthersAreServedAndItIsTriedAgain()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "IPv6 is what refuses a route over a device that is down");
        using var network = new RelayNetwork();
        using var listener = network.Pods[0].Listen(PodA, RelayNetwork.TargetPort);
        var loopback = network.Node.Route.GetLink("lo").Index;
        network.Node.Route.SetUp(loopback, up: false);
        for (var i = 0; i < 2; i++)
        {
            network.Serve(service => service.Spec.ExternalTrafficPolicy = "Local", PodA + " here");
            AssertServed(network.Pods[1], RelayNetwork.ClusterIP, RelayNetwork.ServicePort, RelayNetwork.PodGateway);
            Assert.Empty(ListChains(network));
        }

        network.Node.Route.SetUp(loopback);
        Assert.True(network.Mode.IsIntact());
        AssertServed(network.Client, RelayNetwork.NodeAddress, RelayNetwork.NodePort, RelayNetwork.ClientAddress);
        Assert.Equal(4, ListChains(network).Count(line => line.Contains("jump preserved")));
        Assert.True(network.Mode.IsIntact());

        void AssertServed(TestHost from, string address, int port, string seen)
        {
            using var client = RelayNetwork.Connect(from, address, port);
            using var server = listener.Accept();
            Assert.Equal(seen, ((IPEndPoint)server.RemoteEndPoint!).Address.ToString());
            server.Send("hello"u8);
            Assert.Equal("hello", Receive(client));
        }
    }

    private static List<string> ListChains(RelayNetwork network) =>
    [
        .. Tools.RunAsync(network.Node.Namespace, "nft", ["list", "ruleset"]).GetAwaiter().GetResult().OutputOrThrow()
            .Split('\n').Where(line => line.Contains("preserved")),
    ];

    [Fact]
    public void AProxyHeaderComesBeforeTheFirstByte()
    {
        using var network = new RelayNetwork();
        using var listener = network.Pods[0].Listen(PodA, RelayNetwork.TargetPort);
        network.Serve(Annotated(RelayAnnotations.ProxyProtocol, "v2"), PodA);
        using var client = Connect(network, RelayNetwork.ClusterIP, RelayNetwork.ServicePort);
        client.Send("x"u8);
        using var server = listener.Accept();
        server.ReceiveTimeout = 60_000;
        var header = new byte[29];
        for (var length = 0; length < header.Length;)
        {
            length += server.Receive(header.AsSpan(length));
        }

        var port = ((IPEndPoint)client.LocalEndPoint!).Port;
        Assert.Equal($"0D0A0D0A000D0A515549540A2111000CCB00710A0A600005{port:X4}0050" + "78", Convert.ToHexString(header));
    }

    [Fact]
    public void ARollingUpdateAndADeadEndpointFailNoRequest()
    {
        using var network = new RelayNetwork();
        using var a = new PodServer(network.Pods[0], PodA, RelayNetwork.TargetPort, "a");
        using var b = new PodServer(network.Pods[1], PodB, RelayNetwork.TargetPort, "b");
        network.Serve(PodA, PodB);
        using var stop = new CancellationTokenSource();
        var asked = 0;
        Exception? failed = null;
        var clients = new Thread(() =>
        {
            try
            {
                while (!stop.IsCancellationRequested)
                {
                    using var client = Connect(network, RelayNetwork.ClusterIP, RelayNetwork.ServicePort);
                    Assert.Contains(Receive(client), new[] { "a\n", "b\n" });
                    asked++;
                }
            }
            catch (Exception failure)
            {
                failed = failure;
            }
        });
        clients.Start();
        string[][] steps = [[PodA], [PodA, PodB], [PodB, "10.244.1.99"], [PodB], [PodB + " terminating serving", PodA], [PodA, PodB]];
        for (var round = 0; round < 5; round++)
        {
            foreach (var step in steps)
            {
                var before = Volatile.Read(ref asked);
                network.Serve(step);
                Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref asked) >= before + 3 || failed is not null, TimeSpan.FromSeconds(60)));
            }
        }

        stop.Cancel();
        clients.Join();
        Assert.Null(failed);
        Assert.Equal(0, network.Mode.Engine.Counters().Refused);
    }

    [Fact]
    public void TheNewestConnectionsAreShedBeyondTheLimitAndTheOldOnesKeepTheirService()
    {
        using var network = new RelayNetwork(options => options with { Loops = 1, MaxConnections = 3 });
        using var a = new PodServer(network.Pods[0], PodA, RelayNetwork.TargetPort, "a");
        network.Serve(PodA);
        Socket[] held = [.. Enumerable.Range(0, 3).Select(_ => Connect(network, RelayNetwork.ClusterIP, RelayNetwork.ServicePort))];
        Assert.All(held, client => Assert.Equal("a\n", Receive(client)));
        using (var fourth = Connect(network, RelayNetwork.ClusterIP, RelayNetwork.ServicePort))
        {
            Assert.Equal("", Receive(fourth));
        }

        Assert.Equal(1, network.Mode.Engine.Counters().Shed);
        Assert.All(held, client =>
        {
            client.Send("again"u8);
            Assert.Equal("again", Receive(client));
            client.Dispose();
        });
        network.WaitUntilIdle();
        using var later = Connect(network, RelayNetwork.ClusterIP, RelayNetwork.ServicePort);
        Assert.Equal("a\n", Receive(later));
    }

    [Fact]
    public void ConnectionsToARemovedEndpointEndWhenItsTimeToDrainIsOver()
    {
        using var network = new RelayNetwork();
        using var a = new PodServer(network.Pods[0], PodA, RelayNetwork.TargetPort, "a");
        using var b = new PodServer(network.Pods[1], PodB, RelayNetwork.TargetPort, "b");
        network.Serve(Annotated(RelayAnnotations.Drain, "1s"), PodA, PodB);
        Socket[] clients = [.. Enumerable.Range(0, 2).Select(_ => Connect(network, RelayNetwork.ClusterIP, RelayNetwork.ServicePort))];
        var names = clients.Select(Receive).ToList();
        network.Serve(Annotated(RelayAnnotations.Drain, "1s"), PodB);
        var drained = clients[names.IndexOf("a\n")];
        drained.ReceiveTimeout = 60_000;
        Assert.Equal("", Receive(drained));
        var other = clients[names.IndexOf("b\n")];
        other.Send("still here"u8);
        Assert.Equal("still here", Receive(other));
        Array.ForEach(clients, client => client.Dispose());
    }

    [Fact]
    public void ClientsThatSayNothingVanishOrDribbleDisturbNobodyAndAreCounted()
    {
        using var network = new RelayNetwork();
        using var a = new PodServer(network.Pods[0], PodA, RelayNetwork.TargetPort, "a");
        network.Serve(PodA);
        Socket[] idle = [.. Enumerable.Range(0, 50).Select(_ => Connect(network, RelayNetwork.ClusterIP, RelayNetwork.ServicePort))];
        using var dribbling = Connect(network, RelayNetwork.ClusterIP, RelayNetwork.ServicePort);
        Assert.Equal("a\n", Receive(dribbling));
        foreach (var letter in "slowly"u8.ToArray())
        {
            dribbling.Send([letter]);
            Assert.Equal($"{(char)letter}", Receive(dribbling));
        }

        foreach (var client in idle)
        {
            client.LingerState = new LingerOption(true, 0);
            client.Dispose();
        }

        dribbling.Dispose();
        network.WaitUntilIdle();
        var traffic = Assert.Single(network.Mode.Traffic());
        Assert.Equal(
            (TransportProtocol.Tcp, "10.96.0.5:80", "10.244.1.2:8080", 51L), (traffic.Protocol, $"{traffic.FrontEnd}", $"{traffic.Endpoint}", traffic.Connections));
        Assert.True(traffic.Bytes >= 14, $"{traffic.Bytes} bytes");
    }

    [Fact]
    public void FiguresTellWhichEndpointFailsAndWhoTookItsConnections()
    {
        using var network = new RelayNetwork();
        using var metrics = new MetricsText(network.Meter);
        using var a = new PodServer(network.Pods[0], PodA, RelayNetwork.TargetPort, "a");
        network.Serve(PodA, PodB);
        for (var i = 0; i < 20; i++)
        {
            using var client = Connect(network, RelayNetwork.ClusterIP, RelayNetwork.ServicePort);
            Assert.Equal("a\n", Receive(client));
        }

        network.WaitUntilIdle();
        var lines = metrics.Render().Split('\n');
        var (dead, alive) = ("endpoint=\"10.244.1.3:8080\"", "endpoint=\"10.244.1.2:8080\"");
        // More than three where the twenty took longer than it was left out.
        var failures = Value("endpoint_dial_failures_total", dead);
        Assert.InRange(failures, 3, 10);
        Assert.InRange(Value("endpoint_ejections_total", dead), 1, failures - 2);
        Assert.Equal(failures, Value("endpoint_retries_total", alive));
        Assert.Equal(40, Value("endpoint_received_bytes_total", alive));
        Assert.Equal(0, Value("endpoint_open_connections", alive));
        Assert.Equal(20, Value("dial_duration_seconds_bucket", "le=\"+Inf\""));
        Assert.Equal(20, Value("accepted_total", ""));

        double Value(string name, string label) => double.Parse(
            lines.Single(line => line.StartsWith($"dataplane_proxy_relay_{name}", StringComparison.Ordinal) && line.Contains(label)).Split(' ')[^1],
            System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public void AScanOfItsPortsAndConnectionsThatNeverCompleteTakeNothingFromOthers()
    {
        using var network = new RelayNetwork();
        using var a = new PodServer(network.Pods[0], PodA, RelayNetwork.TargetPort, "a");
        network.Serve(PodA);
        foreach (var port in Enumerable.Range(1, 300).Where(port => port != RelayNetwork.ServicePort))
        {
            Assert.Equal(
                SocketError.ConnectionRefused,
                Assert.Throws<SocketException>(() => Connect(network, RelayNetwork.ClusterIP, port)).SocketErrorCode);
        }

        // The client hears no answer to its SYNs: the relay's queue holds connections that are never completed.
        Nft(network.Client, "add table ip flood; add chain ip flood in { type filter hook input priority 0; }; add rule ip flood in tcp sport 80 drop");
        var halfOpen = Enumerable.Range(0, 1000).Select(_ =>
        {
            var socket = network.Client.Socket(SocketType.Stream, ProtocolType.Tcp);
            socket.Blocking = false;
            Assert.Equal(
                SocketError.WouldBlock,
                Assert.Throws<SocketException>(() => socket.Connect(IPAddress.Parse(RelayNetwork.ClusterIP), RelayNetwork.ServicePort)).SocketErrorCode);
            return socket;
        }).ToList();
        for (var i = 0; i < 20; i++)
        {
            using var other = RelayNetwork.Connect(network.Pods[1], RelayNetwork.ClusterIP, RelayNetwork.ServicePort);
            Assert.Equal("a\n", Receive(other));
        }

        halfOpen.ForEach(socket => socket.Dispose());
        Assert.Equal(20, network.Mode.Engine.Counters().Accepted);
    }

    private static void Nft(TestHost host, string rules) =>
        Tools.RunAsync(host.Namespace, "nft", [rules]).GetAwaiter().GetResult().OutputOrThrow();

    private static Action<Service> Annotated(string name, string value) => service => service.Metadata.Annotations[name] = value;

    private static Socket Connect(RelayNetwork network, string address, int port) => RelayNetwork.Connect(network.Client, address, port);

    /// <summary>What comes next; nothing when the connection has ended or was reset.</summary>
    private static string Receive(Socket socket)
    {
        var buffer = new byte[64];
        try
        {
            return Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            return "";
        }
    }
}
