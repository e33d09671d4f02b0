using System.Net;
using Dataplane.Linux;
using Dataplane.Linux.Epoll;
using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Proxy.Tests.Userspace;

/// <summary>What a connection and a chunk of payload may allocate in a loop once its pools are filled.</summary>
public sealed class RelayBudgetTests
{
    private const int Connections = 200;
    private const int Chunks = 500;
    private const int Batches = 20;

    [Fact]
    public void ConnectionsAndChunksStayWithinTheirBudgets()
    {
        var budget = BudgetTests.Of("proxy");
        using var network = new RelayNetwork(options => options with { Loops = 1 });
        using var a = new PodServer(network.Pods[0], "10.244.1.2", RelayNetwork.TargetPort, "a");
        network.Serve("10.244.1.2");
        using var epoll = new EpollInstance(1);
        using var client = network.Client.Namespace.Invoke(() => new StreamSocket());

        Assert.InRange(
            LeastOf(() => Connect(network, epoll, client, Connections)) / Connections, 0, budget.GetProperty("relayConnection").GetProperty("bytes").GetInt64());
        Open(network, epoll, client);
        Assert.InRange(LeastOf(() => Exchange(epoll, client, Chunks)) / Chunks, 0, budget.GetProperty("relayChunk").GetProperty("bytes").GetInt64());

        // Code that is not yet optimised allocates what optimised code does not, and nobody says when it will be: what always allocates does so each time.
        long LeastOf(Action body)
        {
            var least = long.MaxValue;
            for (var batch = 0; batch < Batches && least > 0; batch++)
            {
                var before = Allocated(network);
                body();
                least = Math.Min(least, Allocated(network) - before);
            }

            return least;
        }
    }

    private static void Connect(RelayNetwork network, EpollInstance epoll, StreamSocket client, int times)
    {
        for (var i = 0; i < times; i++)
        {
            Open(network, epoll, client);
            client.CloseSocket();

            // One at a time: the pool grows with the connections that are open at once.
            network.WaitUntilIdle();
        }
    }

    private static void Open(RelayNetwork network, EpollInstance epoll, StreamSocket client)
    {
        Assert.Equal(0, network.Client.Namespace.Invoke(() => client.Open(ipv6: false)));
        Assert.Contains(client.Connect(InetEndPoint.From(IPAddress.Parse(RelayNetwork.ClusterIP), RelayNetwork.ServicePort)), new[] { 0, -Errno.EINPROGRESS });
        epoll.Add(client, EpollEvents.In, 0);
        Receive(epoll, client, 2);
    }

    private static void Exchange(EpollInstance epoll, StreamSocket client, int times)
    {
        var chunk = new byte[1000];
        for (var i = 0; i < times; i++)
        {
            Assert.Equal(chunk.Length, client.Send(chunk));
            Receive(epoll, client, chunk.Length);
        }
    }

    private static void Receive(EpollInstance epoll, StreamSocket client, int bytes)
    {
        var buffer = new byte[2000];
        while (bytes > 0)
        {
            Assert.Equal(1, epoll.Wait(60_000));
            bytes -= Math.Max(client.Receive(buffer), 0);
        }
    }

    private static long Allocated(RelayNetwork network) => network.Mode.Engine.Counters().Allocated;
}
