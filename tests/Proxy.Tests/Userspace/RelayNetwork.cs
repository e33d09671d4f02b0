using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Dataplane.Api;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.Userspace;
using Dataplane.Proxy.Userspace.Relay;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Proxy.Tests.Userspace;

/// <summary>
/// <code>
/// client 203.0.113.10 --- 203.0.113.1 node 10.244.1.1 --- bridge --- pods 10.244.1.2, 10.244.1.3
/// </code>
/// with a default route to the node on each side, and userspace mode on the node.
/// </summary>
internal sealed class RelayNetwork : IDisposable
{
    internal const string ClientAddress = "203.0.113.10";
    internal const string NodeAddress = "203.0.113.1";
    internal const string PodGateway = "10.244.1.1";
    internal const string ClusterIP = "10.96.0.5";
    internal const int ServicePort = 80;
    internal const int NodePort = 30080;
    internal const int TargetPort = 8080;

    private readonly TestNetwork _network = new();
    private ForwardingPlan? _applied;

    internal RelayNetwork(Func<RelayOptions, RelayOptions>? configure = null)
    {
        Client = _network.AddHost("client");
        Node = _network.AddHost("node");
        var bridge = _network.AddBridge("br");
        _network.Connect(Client, "eth0", "203.0.113.10/24", Node, "eth0", "203.0.113.1/24");
        _network.Plug(bridge, Node, "pods", "10.244.1.1/24");
        Pods = [.. new[] { "a", "b" }.Select((name, index) =>
        {
            var pod = _network.AddHost(name);
            _network.Plug(bridge, pod, "eth0", $"10.244.1.{index + 2}/24");
            pod.AddRoute("0.0.0.0/0", "10.244.1.1");
            return pod;
        })];
        Client.AddRoute("0.0.0.0/0", "203.0.113.1");
        Node.AddRoute("0.0.0.0/0", "203.0.113.10");
        Mode = new UserspaceMode(
            new ProxyModeContext(Node.Namespace, MasqueradeMark: 0, () => RulesTouched = true, NullLoggerFactory.Instance, TimeProvider.System) { Meter = Meter },
            (configure ?? (options => options))(new RelayOptions { Loops = 2 }));
    }

    internal UserspaceMode Mode { get; }

    internal Meter Meter { get; } = new("relay");

    internal volatile bool RulesTouched;

    internal Cluster Cluster { get; } = new();

    internal TestHost Client { get; }

    internal TestHost Node { get; }

    internal TestHost[] Pods { get; }

    /// <summary>A Service "web" with a ClusterIP and a NodePort; "dead" endpoints have an address that nobody has.</summary>
    internal void Serve(params string[] endpoints) => Serve(null, endpoints);

    internal void Serve(Action<Service>? configure, params string[] endpoints)
    {
        Cluster.Service("web", ClusterIP, [new ServicePort { Port = ServicePort, NodePort = NodePort }], configure)
            .Slice("web-1", "web", TargetPort.ToString(), endpoints);
        Apply();
    }

    internal void Apply()
    {
        var plan = Cluster.Plan();
        Mode.Apply(_applied, plan);
        _applied = plan;
    }

    /// <summary>A machine by the name tests give it.</summary>
    internal TestHost Host(string name) => name switch
    {
        "client" => Client,
        "node" => Node,
        "pod" => Pods[1],
        _ => throw new ArgumentException(name),
    };

    /// <summary>Connects from a machine; the socket has time-outs so that no test can hang.</summary>
    internal static Socket Connect(TestHost from, string address, int port)
    {
        var socket = from.Socket(SocketType.Stream, ProtocolType.Tcp);
        (socket.ReceiveTimeout, socket.SendTimeout) = (60_000, 20_000);
        try
        {
            socket.Connect(IPAddress.Parse(address), port);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Waits until the relay has let go of every connection.</summary>
    internal void WaitUntilIdle() =>
        Assert.True(SpinWait.SpinUntil(() => Mode.Engine.Counters().Open == 0, TimeSpan.FromSeconds(60)), "connections stay open");

    public void Dispose()
    {
        Mode.DisposeAsync().GetAwaiter().GetResult();
        _network.Dispose();
        Meter.Dispose();
    }
}
