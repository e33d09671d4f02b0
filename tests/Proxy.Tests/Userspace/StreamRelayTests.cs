using System.Net.Sockets;
using System.Security.Cryptography;
using Dataplane.Proxy.Userspace.Relay;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Proxy.Tests.Userspace;

public sealed class StreamRelayTests
{
    private const string PodA = "10.244.1.2";
    private const int Megabytes = 24;

    [Fact]
    public void MegabytesArriveIntactBothWaysAndTheClientMayEndFirst()
    {
        using var network = new RelayNetwork();
        using var a = new PodServer(network.Pods[0], PodA, RelayNetwork.TargetPort, "a");
        network.Serve(PodA);
        using var client = RelayNetwork.Connect(network.Client, RelayNetwork.ClusterIP, RelayNetwork.ServicePort);
        var payload = RandomNumberGenerator.GetBytes(Megabytes << 20);
        var sender = new Thread(() =>
        {
            SendAll(client, payload);
            client.Shutdown(SocketShutdown.Send);
        });
        sender.Start();
        var received = ReceiveToEnd(client);
        sender.Join();

        Assert.Equal(2 + payload.Length, received.Length);
        Assert.Equal(SHA256.HashData(payload), SHA256.HashData(received.AsSpan(2)));
    }

    [Fact]
    public void TheServerMayEndFirstAndStillReceive()
    {
        using var network = new RelayNetwork();
        using var listener = network.Pods[0].Listen(PodA, RelayNetwork.TargetPort);
        network.Serve(PodA);
        var (client, server) = ConnectPair(network, listener);
        using (client)
        using (server)
        {
            server.Shutdown(SocketShutdown.Send);
            Assert.Empty(ReceiveToEnd(client));
            var late = RandomNumberGenerator.GetBytes(100_000);
            SendAll(client, late);
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal(late, ReceiveToEnd(server));
        }

        network.WaitUntilIdle();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16 * 1024 - 1)]
    [InlineData(16 * 1024)]
    [InlineData(16 * 1024 + 1)]
    [InlineData(1_000_000)]
    public void WhatComesTogetherWithTheEndArrivesWholeBeforeIt(int bytes)
    {
        using var network = new RelayNetwork();
        using var listener = network.Pods[0].Listen(PodA, RelayNetwork.TargetPort);
        network.Serve(PodA);
        var payload = RandomNumberGenerator.GetBytes(bytes);
        for (var i = 0; i < 10; i++)
        {
            var (client, server) = ConnectPair(network, listener);
            using (client)
            using (server)
            {
                // A reader that comes late, every other time: what does not fit has to wait in the relay, and the end behind it.
                var sender = new Thread(() =>
                {
                    SendAll(server, payload);
                    server.Shutdown(SocketShutdown.Send);
                });
                sender.Start();
                Assert.True(i % 2 == 0 || SpinWait.SpinUntil(() => client.Available > 0, TimeSpan.FromSeconds(30)));
                Assert.Equal(payload, ReceiveToEnd(client));
                sender.Join();
                SendAll(client, payload);
                client.Shutdown(SocketShutdown.Send);
                Assert.Equal(payload, ReceiveToEnd(server));
            }
        }

        network.WaitUntilIdle();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AResetReachesTheOtherSide(bool fromClient)
    {
        using var network = new RelayNetwork();
        using var listener = network.Pods[0].Listen(PodA, RelayNetwork.TargetPort);
        network.Serve(PodA);
        var (client, server) = ConnectPair(network, listener);
        var (resets, sees) = fromClient ? (client, server) : (server, client);
        using (sees)
        {
            // A server that resets before the relay saw it connected would be dialled again.
            server.Send("x"u8);
            Assert.Equal(1, client.Receive(new byte[1]));
            resets.LingerState = new LingerOption(true, 0);
            resets.Dispose();
            Assert.Equal(SocketError.ConnectionReset, Assert.Throws<SocketException>(() => sees.Receive(new byte[1])).SocketErrorCode);
        }

        network.WaitUntilIdle();
    }

    [Fact]
    public void AServerThatStopsReadingStopsItsClientAndNobodyElse()
    {
        using var network = new RelayNetwork();
        using var listener = network.Pods[0].Listen(PodA, RelayNetwork.TargetPort);
        network.Serve(PodA);
        var (stalled, idle) = ConnectPair(network, listener);
        using (stalled)
        using (idle)
        {
            stalled.Blocking = false;
            var taken = SendUntilFull(stalled);
            Assert.InRange(taken, 1, 64 << 20);

            // As many as the stalled loop and the others get: each loop must still serve.
            for (var i = 0; i < 16; i++)
            {
                var (client, server) = ConnectPair(network, listener);
                using (client)
                using (server)
                {
                    SendAll(server, new byte[50_000]);
                    server.Shutdown(SocketShutdown.Send);
                    Assert.Equal(50_000, ReceiveToEnd(client).Length);
                }
            }

            // Its bytes are all there when the server reads again, and the client's end comes after them.
            stalled.Shutdown(SocketShutdown.Send);
            Assert.Equal(taken, ReceiveToEnd(idle).Length);
        }

        network.WaitUntilIdle();
    }

    [Fact]
    public void ConnectionsAndRestartsLeaveNoDescriptorBehind()
    {
        using var network = new RelayNetwork();
        using var a = new PodServer(network.Pods[0], PodA, RelayNetwork.TargetPort, "a");
        network.Serve(PodA);
        OpenDescriptors.AssertNoLeak(() =>
        {
            using (var client = RelayNetwork.Connect(network.Client, RelayNetwork.ClusterIP, RelayNetwork.ServicePort))
            {
                client.Receive(new byte[2]);
            }

            network.WaitUntilIdle();
        });
        OpenDescriptors.AssertNoLeak(() => new RelayEngine(new RelayOptions { Loops = 2 }, network.Node.Namespace, NullLogger.Instance).Dispose());
    }

    private static (Socket Client, Socket Server) ConnectPair(RelayNetwork network, Socket listener)
    {
        var client = RelayNetwork.Connect(network.Client, RelayNetwork.ClusterIP, RelayNetwork.ServicePort);
        var server = listener.Accept();
        server.ReceiveTimeout = server.SendTimeout = 60_000;
        return (client, server);
    }

    private static void SendAll(Socket socket, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[socket.Send(bytes)..];
        }
    }

    /// <summary>Sends until nothing is taken for a while: the buffers all the way to the server are full.</summary>
    private static int SendUntilFull(Socket socket)
    {
        var (chunk, total) = (new byte[64 * 1024], 0);
        while (socket.Poll(TimeSpan.FromMilliseconds(300), SelectMode.SelectWrite) && total < 64 << 20)
        {
            total += socket.Send(chunk);
        }

        return total;
    }

    private static byte[] ReceiveToEnd(Socket socket)
    {
        using var received = new MemoryStream();
        var buffer = new byte[256 * 1024];
        for (int count; (count = socket.Receive(buffer)) > 0;)
        {
            received.Write(buffer, 0, count);
        }

        return received.ToArray();
    }
}
