using System.Net;
using System.Net.Sockets;
using System.Text;
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
        var node = AddRouter("node", "10.244.1.1/24");
        var there = AddRouter("there", "10.244.2.1/24");
        var client = _hosts["client"] = _network.AddHost("client");
        _network.Connect(node, "eth0", $"{Topology.Node}/24", there, "eth0", "172.30.0.12/24");
        _network.Connect(node, "eth1", "203.0.113.1/24", client, "eth0", $"{Topology.Client}/24");
        client.AddRoute("0.0.0.0/0", "203.0.113.1");
        node.AddRoute("10.244.2.0/24", "172.30.0.12");
        node.AddRoute("0.0.0.0/0", "172.30.0.12");
        there.AddRoute("0.0.0.0/0", Topology.Node);
        AddPod("pod-a", node, "10.244.1.5", "10.244.1.1");
        AddPod("pod-b", node, "10.244.1.6", "10.244.1.1");
        AddPod("pod-c", there, "10.244.2.5", "10.244.2.1");
        foreach (var (endpoint, name) in Topology.Endpoints)
        {
            var address = IPEndPoint.Parse(endpoint);
            var host = _hosts[Topology.Addresses.First(pair => pair.Value == address.Address.ToString()).Key];
            var listener = host.Listen(address.Address.ToString(), address.Port);
            var datagrams = host.Socket(SocketType.Dgram, ProtocolType.Udp);
            datagrams.Bind(address);
            _servers.AddRange(listener, datagrams);
            _serving.Add(ServeTcpAsync(listener, name));
            _serving.Add(ServeUdpAsync(datagrams, name));
        }
    }

    private TestHost AddRouter(string name, string podGateway)
    {
        var host = _hosts[name] = _network.AddBridge(name);
        host.AddAddress("br0", podGateway);
        host.Namespace.Invoke(() => File.WriteAllText("/proc/sys/net/ipv4/ip_forward", "1"));
        return host;
    }

    private void AddPod(string name, TestHost node, string address, string gateway)
    {
        var pod = _hosts[name] = _network.AddHost(name);
        _network.Plug(node, pod, "eth0", $"{address}/24");
        foreach (var port in node.Route.Links().Where(link => link.MasterIndex is > 0))
        {
            // What a kubelet does for every pod: with br_netfilter a connection that is given back to its pod stays inside the bridge.
            node.Route.SetHairpin(port.Index, true);
        }

        pod.AddRoute("0.0.0.0/0", gateway);
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
                var received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                await socket.SendToAsync(Answer(name, received.RemoteEndPoint), received.RemoteEndPoint);
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
        }
    }

    private static byte[] Answer(string name, EndPoint client) => Encoding.ASCII.GetBytes($"{name} {((IPEndPoint)client).Address}");
}
