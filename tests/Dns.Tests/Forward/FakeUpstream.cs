using System.Net;
using System.Net.Sockets;
using Dataplane.TestKit;

namespace Dataplane.Dns.Tests.Forward;

/// <summary>A nameserver on loopback whose answers a test decides, by UDP and TCP on one port.</summary>
internal sealed class FakeUpstream : IDisposable
{
    private readonly Socket _tcp = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Func<byte[], bool, IEnumerable<byte[]>> _answer;
    private int _asked;

    /// <param name="answer">Query and whether it came by TCP, to the messages sent back.</param>
    /// <param name="endPoint">Where; null takes a free port.</param>
    internal FakeUpstream(Func<byte[], bool, IEnumerable<byte[]>> answer, IPEndPoint? endPoint = null)
    {
        _answer = answer;
        _tcp.Bind(endPoint ?? FreePorts.TakeLoopback());
        _tcp.Listen();
        _udp.Bind(_tcp.LocalEndPoint!);
        _ = ServeDatagramsAsync();
        _ = ServeStreamsAsync();
    }

    internal IPEndPoint EndPoint => (IPEndPoint)_udp.LocalEndPoint!;

    internal int Asked => Volatile.Read(ref _asked);

    public void Dispose()
    {
        _tcp.Dispose();
        _udp.Dispose();
    }

    private async Task ServeDatagramsAsync()
    {
        var buffer = new byte[4096];
        while (true)
        {
            try
            {
                var received = await _udp.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                Interlocked.Increment(ref _asked);
                foreach (var message in _answer(buffer[..received.ReceivedBytes], false))
                {
                    await _udp.SendToAsync(message, received.RemoteEndPoint);
                }
            }
            catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeStreamsAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _tcp.AcceptAsync();
                await using var stream = new NetworkStream(client);
                var prefix = new byte[2];
                await stream.ReadExactlyAsync(prefix);
                var query = new byte[(prefix[0] << 8) | prefix[1]];
                await stream.ReadExactlyAsync(query);
                Interlocked.Increment(ref _asked);
                foreach (var message in _answer(query, true))
                {
                    await stream.WriteAsync(new byte[] { (byte)(message.Length >> 8), (byte)message.Length }.Concat(message).ToArray());
                }
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException or IOException)
        {
            // The test is over.
        }
    }
}
