using System.Buffers.Text;
using System.Net.WebSockets;

namespace Dataplane.Kubelet.Streaming;

/// <summary>A WebSocket whose messages belong to channels.</summary>
internal sealed class ChannelSocket(WebSocket socket, ChannelProtocol protocol) : IDisposable
{
    /// <summary>The second byte is the channel that is closed.</summary>
    private const byte CloseChannel = 255;

    private const int BufferSize = 32 * 1024;

    // Base64 can be read only as a whole.
    private const int LongestText = 1024 * 1024;

    private readonly SemaphoreSlim _sending = new(1);

    internal ChannelProtocol Protocol => protocol;

    /// <summary>Whether a message is on its way to a client that takes its time.</summary>
    internal bool IsSending => _sending.CurrentCount == 0;

    /// <summary>Hands on what comes, in order, until the client closes.</summary>
    /// <param name="received">A channel and bytes for it; may wait, and holds the client back then.</param>
    /// <param name="closed">A channel has ended; only in a protocol that has it.</param>
    /// <param name="cancellation">Ends the connection.</param>
    /// <exception cref="WebSocketException">The client went without closing.</exception>
    internal async Task ReceiveAsync(Func<byte, ReadOnlyMemory<byte>, ValueTask> received, Action<byte> closed, CancellationToken cancellation)
    {
        var buffer = new byte[BufferSize];
        var text = new MemoryStream();
        byte? channel = null;
        while (await socket.ReceiveAsync(buffer.AsMemory(), cancellation) is var part && part.MessageType != WebSocketMessageType.Close)
        {
            ReadOnlyMemory<byte> data = buffer.AsMemory(0, part.Count);
            if (protocol.IsText)
            {
                text.Write(data.Span);
                if (text.Length > LongestText)
                {
                    await CloseAsync(WebSocketCloseStatus.MessageTooBig, cancellation);
                    return;
                }

                if (!part.EndOfMessage)
                {
                    continue;
                }

                if (Decode(text.GetBuffer().AsSpan(0, (int)text.Length)) is not { } decoded)
                {
                    await CloseAsync(WebSocketCloseStatus.InvalidPayloadData, cancellation);
                    return;
                }

                text.SetLength(0);
                data = decoded;
            }

            // A message may come in parts; only its first byte is the channel.
            if (channel is null && !data.IsEmpty)
            {
                channel = data.Span[0];
                data = data[1..];
            }

            if (channel == CloseChannel && protocol.ClosesChannels)
            {
                if (!data.IsEmpty)
                {
                    closed(data.Span[0]);
                }
            }
            else if (channel is { } number)
            {
                await received(number, data);
            }

            channel = part.EndOfMessage ? null : channel;
        }
    }

    /// <summary>Sends one message; an empty one says that the channel is there.</summary>
    internal async ValueTask SendAsync(byte channel, ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        var message = protocol.IsText ? Encode(channel, data.Span) : Join(channel, data.Span);
        await _sending.WaitAsync(cancellation);
        try
        {
            var type = protocol.IsText ? WebSocketMessageType.Text : WebSocketMessageType.Binary;
            await socket.SendAsync(message.AsMemory(), type, endOfMessage: true, cancellation);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Says that nothing more comes; the client's answer ends <see cref="ReceiveAsync"/>.</summary>
    internal Task CloseAsync(CancellationToken cancellation) => CloseAsync(WebSocketCloseStatus.NormalClosure, cancellation);

    public void Dispose()
    {
        _sending.Dispose();
        socket.Dispose();
    }

    private async Task CloseAsync(WebSocketCloseStatus status, CancellationToken cancellation)
    {
        await _sending.WaitAsync(cancellation);
        try
        {
            await socket.CloseOutputAsync(status, null, cancellation);
        }
        finally
        {
            _sending.Release();
        }
    }

    private static byte[] Join(byte channel, ReadOnlySpan<byte> data)
    {
        var message = new byte[1 + data.Length];
        message[0] = channel;
        data.CopyTo(message.AsSpan(1));
        return message;
    }

    private static byte[] Encode(byte channel, ReadOnlySpan<byte> data)
    {
        var message = new byte[1 + Base64.GetMaxEncodedToUtf8Length(data.Length)];
        message[0] = (byte)('0' + channel);
        Base64.EncodeToUtf8(data, message.AsSpan(1), out _, out _);
        return message;
    }

    private static byte[]? Decode(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
        {
            return [];
        }

        var message = new byte[1 + Base64.GetMaxDecodedFromUtf8Length(text.Length - 1)];
        message[0] = (byte)(text[0] - '0');
        return Base64.DecodeFromUtf8(text[1..], message.AsSpan(1), out _, out var written) == System.Buffers.OperationStatus.Done
            ? message[..(1 + written)]
            : null;
    }
}
