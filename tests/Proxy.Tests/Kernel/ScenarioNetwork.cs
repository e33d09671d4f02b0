using System.Net;
using System.Net.Sockets;
using System.Text;
using Dataplane.Netlink.ConnectionTracking;
using Dataplane.Proxy.Tests.Scenarios;
using Dataplane.TestKit;

namespace Dataplane.Proxy.Tests.Kernel;

/// <summary><see cref="Topology"/> as network namespaces, with servers that answer "NAME CLIENT-ADDRESS" on TCP and UDP.</summary>
internal sealed class ScenarioNetwork : IDisposable
{
    private readonly TestNetwork _network = new();
    private readonly Dictionary<string, TestHost> _hosts = [];
    private readonly List<Socket> _servers = [];
    private readonly List<Task> _serving = [];

    internal ScenarioNetwork()
    {
        try
        {
            Build();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The node whose proxy is under test.</summary>
    internal TestHost Node => _hosts["node"];

    internal TestHost this[string name] => _hosts[name];

    /// <summary>Makes the next datagram on the node the first of its flow, should its sender get a port that was used before.</summary>
    internal void ForgetUdpFlows(AddressFamily family)
    {
        using var connection = ConntrackConnection.Open(Node.Namespace);
        foreach (var flow in connection.Flows(family, ProtocolType.Udp))
        {
            connection.Delete(flow);
        }
    }

    public void Dispose()
    {
        foreach (var server in _servers)
        {
            server.Dispose();
        }

        foreach (var serving in _serving)
        {
            // Accept and receive end with the sockets; nothing else is awaited in them.
            serving.GetAwaiter().GetResult();
        }

        _network.Dispose();
    }

    private void Build()
    {
        var node = AddRouter("node", "10.244.1.1/24", "fd00:10:244:1::1/64");
        var there = AddRouter("there", "10.244.2.1/24", "fd00:10:244:2::1/64");
        var client = _hosts["client"] = _network.AddHost("client");
        _network.Connect(node, "eth0", $"{Topology.Node}/24", there, "eth0", "172.30.0.12/24");
        _network.Connect(node, "eth1", "203.0.113.1/24", client, "eth0", $"{Topology.Addresses["client"]}/24");
        node.AddAddress("eth0", $"{Topology.NodeIPv6}/64");
        node.AddAddress("eth1", "2001:db8:203::1/64");
        there.AddAddress("eth0", $"{Topology.AddressesIPv6["there"]}/64");
        client.AddAddress("eth0", $"{Topology.AddressesIPv6["client"]}/64");
        client.AddRoute("0.0.0.0/0", "203.0.113.1");
        node.AddRoute("10.244.2.0/24", "172.30.0.12");
        node.AddRoute("0.0.0.0/0", "172.30.0.12");
        there.AddRoute("0.0.0.0/0", Topology.Node);
        client.AddRoute("::/0", "2001:db8:203::1");
        node.AddRoute("fd00:10:244:2::/64", Topology.AddressesIPv6["there"]);
        node.AddRoute("::/0", Topology.AddressesIPv6["there"]);
        there.AddRoute("::/0", Topology.NodeIPv6);
        AddPod("pod-a", node, "10.244.1.1", "fd00:10:244:1::1");
        AddPod("pod-b", node, "10.244.1.1", "fd00:10:244:1::1");
        AddPod("pod-c", there, "10.244.2.1", "fd00:10:244:2::1");
        foreach (var (name, address) in Topology.AddressesIPv6)
        {
            _hosts[name].WaitUntilUsable(address);
        }

        foreach (var (endpoint, name) in Topology.Endpoints)
        {
            var address = IPEndPoint.Parse(endpoint);
            var host = _hosts[Topology.HostOf(address.Address.ToString())];
            var listener = host.Listen(address.Address.ToString(), address.Port);
            var datagrams = host.Socket(SocketType.Dgram, ProtocolType.Udp, address.AddressFamily);
            datagrams.Bind(address);
            _servers.AddRange(listener, datagrams);
            _serving.Add(ServeTcpAsync(listener, name));
            _serving.Add(ServeUdpAsync(datagrams, name));
        }

        MeetNeighbours();
    }

    // Everybody talks to every endpoint once, so that no scenario has to wait for a neighbour's first answer and takes it for a drop.
    private void MeetNeighbours()
    {
        var met = _hosts.Values.SelectMany(host => Topology.Endpoints.Keys.Select(IPEndPoint.Parse).Select(async endpoint =>
        {
            using var socket = host.Socket(SocketType.Stream, ProtocolType.Tcp, endpoint.AddressFamily);
            await socket.ConnectAsync(endpoint).WaitAsync(TimeSpan.FromSeconds(60));
        }));
        Task.WhenAll(met).GetAwaiter().GetResult();
    }

    private TestHost AddRouter(string name, params string[] podGateways)
    {
        var host = _hosts[name] = _network.AddBridge(name);
        foreach (var gateway in podGateways)
        {
            host.AddAddress("br0", gateway);
        }

        host.Namespace.Invoke(() =>
        {
            File.WriteAllText("/proc/sys/net/ipv4/ip_forward", "1");
            File.WriteAllText("/proc/sys/net/ipv6/conf/all/forwarding", "1");
        });
        return host;
    }

    private void AddPod(string name, TestHost node, string gateway, string gatewayIPv6)
    {
        var pod = _hosts[name] = _network.AddHost(name);
        _network.Plug(node, pod, "eth0", $"{Topology.Addresses[name]}/24");
        pod.AddAddress("eth0", $"{Topology.AddressesIPv6[name]}/64");
        foreach (var port in node.Route.Links().Where(link => link.MasterIndex is > 0))
        {
            // What a kubelet does for every pod: with br_netfilter a connection that is given back to its pod stays inside the bridge.
            node.Route.SetHairpin(port.Index, true);
        }

        pod.AddRoute("0.0.0.0/0", gateway);
        pod.AddRoute("::/0", gatewayIPv6);
    }

    private static async Task ServeTcpAsync(Socket listener, string name)
    {
        try
        {
            while (true)
            {
                using var connection = await listener.AcceptAsync();
                await connection.SendAsync(Answer(name, connection.RemoteEndPoint!));
                connection.Shutdown(SocketShutdown.Send);
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
        }
    }

    private static async Task ServeUdpAsync(Socket socket, string name)
    {
        var buffer = new byte[64];
        try
        {
            while (true)
            {
                var received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0));
                await socket.SendToAsync(Answer(name, received.RemoteEndPoint), received.RemoteEndPoint);
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
        }
    }

    private static byte[] Answer(string name, EndPoint client) => Encoding.ASCII.GetBytes($"{name} {((IPEndPoint)client).Address}");
}
