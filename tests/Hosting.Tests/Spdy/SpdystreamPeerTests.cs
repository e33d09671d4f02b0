using System.Net;
using System.Net.Sockets;
using Dataplane.Hosting.Spdy;

namespace Dataplane.Hosting.Tests.Spdy;

/// <summary>A server that ends as those on Go's spdystream do: resets, GOAWAY and a closed socket, without a look at who still reads.</summary>
public sealed class SpdystreamPeerTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;
    private readonly Socket _client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public void Dispose()
    {
        _client.Dispose();
        _listener.Dispose();
    }

    [Fact]
    public async Task WhatItHadSentWhenItClosedArrivesHoweverSlowlyItIsRead()
    {
        // So little room at this end that much of it is still in the server's kernel when the server is no more.
        const int frames = 12;
        const int frameSize = 16 * 1024;
        using var server = await ConnectAsync(receiveBuffer: 8 * 1024, sendBuffer: 208 * 1024);
        await using var session = new SpdySession(
            new NetworkStream(_client, ownsSocket: true), new SpdySessionOptions { IsServer = false, PeerIsSpdystream = true, MostUnread = 64 * 1024 });
        var run = session.RunAsync(_cancellation);
        var stream = session.Open(new SpdyHeaders([new("streamtype", "stdout")]));
        await ReadFrameAsync(server);
        for (var i = 0; i < frames; i++)
        {
            await SendAsync(server, SpdyFrameHeader.Data(stream.Id, SpdyFlags.None, frameSize), new byte[frameSize]);
        }

        await SendAsync(server, SpdyFrameHeader.Control(SpdyFrameType.RstStream, SpdyFlags.None, 8), [0, 0, 0, 1, 0, 0, 0, (byte)SpdyResetReason.Cancel]);
        await SendAsync(server, SpdyFrameHeader.Control(SpdyFrameType.GoAway, SpdyFlags.None, 8), new byte[8]);
        server.Close();

        var (buffer, length) = (new byte[4096], 0);
        while (await stream.ReadAsync(buffer, _cancellation).AsTask().WaitAsync(Patience, _cancellation) is var count and > 0)
        {
            length += count;
        }

        Assert.Equal(frames * frameSize, length);
        Assert.Null(await run.WaitAsync(Patience, _cancellation));
    }

    private async Task<Socket> ConnectAsync(int receiveBuffer, int sendBuffer)
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _client.ReceiveBufferSize = receiveBuffer;
        await _client.ConnectAsync(_listener.LocalEndPoint!, _cancellation);
        var server = await _listener.AcceptAsync(_cancellation);
        server.SendBufferSize = sendBuffer;
        return server;
    }

    private async Task ReadFrameAsync(Socket server)
    {
        await using var stream = new NetworkStream(server, ownsSocket: false);
        var header = new byte[SpdyFrameHeader.Size];
        await stream.ReadExactlyAsync(header, _cancellation);
        await stream.ReadExactlyAsync(new byte[SpdyFrameHeader.Read(header).Length], _cancellation);
    }

    private async Task SendAsync(Socket server, SpdyFrameHeader header, byte[] payload)
    {
        var frame = new byte[SpdyFrameHeader.Size + payload.Length];
        header.Write(frame);
        payload.CopyTo(frame, SpdyFrameHeader.Size);
        for (var sent = 0; sent < frame.Length;)
        {
            sent += await server.SendAsync(frame.AsMemory(sent), _cancellation).AsTask().WaitAsync(Patience, _cancellation);
        }
    }
}
