using System.Net;
using System.Net.Sockets;
using Dataplane.Proxy.Tests.Kernel;

namespace Dataplane.Proxy.Tests.Ipvs;

/// <summary>Connections that stay, to servers that answer byte by byte.</summary>
internal sealed class HeldConnections(ScenarioNetwork network) : IDisposable
{
    /// <summary>What the servers listen on.</summary>
    internal const int Port = 7000;

    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(40);

    private readonly List<Socket> _sockets = [];

    public void Dispose() => _sockets.ForEach(socket => socket.Dispose());

    /// <summary>Answers for as long as the client likes.</summary>
    internal void Serve(string host, string address)
    {
        var listener = network[host].Listen(address, Port);
        _sockets.Add(listener);
        _ = Task.Run(async () =>
        {
            while (true)
            {
                var connection = await listener.AcceptAsync();
                _ = Task.Run(async () =>
                {
                    var buffer = new byte[1];
                    using (connection)
                    {
                        while (await connection.ReceiveAsync(buffer) > 0)
                        {
                            await connection.SendAsync(buffer);
                        }
                    }
                });
            }
        });
    }

    /// <summary>A new connection that was answered once.</summary>
    internal async Task<Socket> OpenAsync(string host, string address, int port = 80)
    {
        var client = network[host].Socket(SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(client);
        await client.ConnectAsync(new IPEndPoint(IPAddress.Parse(address), port)).WaitAsync(Limit);
        await EchoAsync(client);
        return client;
    }

    internal static async Task EchoAsync(Socket client)
    {
        await client.SendAsync(new byte[1]).WaitAsync(Limit);
        Assert.Equal(1, await client.ReceiveAsync(new byte[1]).WaitAsync(Limit));
    }

    /// <summary>A reset ends a connection for IPVS within seconds; an orderly end it remembers for two minutes.</summary>
    internal static void Reset(Socket client)
    {
        client.LingerState = new LingerOption(true, 0);
        client.Close();
    }
}
