using System.Net;
using System.Net.Sockets;
using Dataplane.Cli.Cluster;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Route;

namespace Dataplane.Cli.Tests;

[Collection("the one cluster of the machine")]
public sealed class FabricTests
{
    [Fact]
    public async Task EveryMemberReachesTheOthersAndNothingIsLeftBehind()
    {
        using var guard = ClusterLock.Take();
        Fabric.Remove();
        var linksBefore = HostLinks();
        using (var fabric = Fabric.Create(2))
        {
            (NetworkNamespace From, IPAddress To, NetworkNamespace At)[] paths =
            [
                (fabric.Nodes[0], AddressPlan.NodeAddress(2), fabric.Nodes[1]),
                (fabric.Nodes[1], AddressPlan.FabricAddress, fabric.Switch),
                (fabric.Client, AddressPlan.NodeAddress(1), fabric.Nodes[0]),
            ];
            foreach (var (from, to, at) in paths)
            {
                await ConnectAsync(from, to, at);
            }

            using var here = NetworkNamespace.OfThisProcess();
            await ConnectAsync(here, AddressPlan.NodeAddress(1), fabric.Nodes[0]);
            Assert.Equal([.. linksBefore, AddressPlan.HostLink], HostLinks());
        }

        Assert.Equal(linksBefore, HostLinks());
        Assert.DoesNotContain(NetworkNamespace.Names("dp-"), name => name.StartsWith(AddressPlan.NodePrefix, StringComparison.Ordinal) || name == AddressPlan.Fabric);
        Fabric.Remove();
    }

    private static async Task ConnectAsync(NetworkNamespace from, IPAddress to, NetworkNamespace at)
    {
        using var listener = at.Invoke(() =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(to, 7000));
            socket.Listen();
            return socket;
        });
        using var client = from.Invoke(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await client.ConnectAsync(new IPEndPoint(to, 7000), deadline.Token);
        using var accepted = await listener.AcceptAsync(deadline.Token);
        Assert.True(accepted.Connected);
    }

    private static List<string> HostLinks()
    {
        using var host = RouteConnection.Open();
        return [.. host.Links().Select(link => link.Name)];
    }
}
