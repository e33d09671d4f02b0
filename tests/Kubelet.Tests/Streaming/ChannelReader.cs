using System.Net.WebSockets;
using System.Text;

namespace Dataplane.Kubelet.Tests.Streaming;

/// <summary>The client's side of the channels of a WebSocket; text is Latin-1, so that every byte is seen.</summary>
internal sealed class ChannelReader(WebSocket socket, bool isText = false)
{
    private readonly Dictionary<int, StringBuilder> _channels = [];

    /// <summary>What a channel has carried so far.</summary>
    internal string this[int channel] => _channels.TryGetValue(channel, out var text) ? text.ToString() : "";

    internal Task SendAsync(byte channel, string text, bool endOfMessage = true) => isText
        ? socket.SendAsync(Encoding.ASCII.GetBytes($"{channel}{Convert.ToBase64String(Encoding.Latin1.GetBytes(text))}"), WebSocketMessageType.Text, endOfMessage, default)
        : socket.SendAsync((byte[])[channel, .. Encoding.Latin1.GetBytes(text)], WebSocketMessageType.Binary, endOfMessage, default);

    /// <summary>Takes messages until a channel has carried a text.</summary>
    internal async Task ExpectAsync(int channel, string text)
    {
        while (!this[channel].Contains(text, StringComparison.Ordinal))
        {
            Assert.True(await ReadAsync(), $"the server closed; channel {channel}: {this[channel]}");
        }
    }

    /// <summary>Takes messages until the server closes, and answers that.</summary>
    internal async Task ReadToEndAsync()
    {
        while (await ReadAsync())
        {
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, TestContext.Current.CancellationToken);
    }

    private async Task<bool> ReadAsync()
    {
        var buffer = new byte[64 * 1024];
        var message = new MemoryStream();
        ValueWebSocketReceiveResult part;
        do
        {
            part = await socket.ReceiveAsync(buffer.AsMemory(), TestContext.Current.CancellationToken);
            message.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        if (part.MessageType == WebSocketMessageType.Close)
        {
            return false;
        }

        Assert.Equal(isText ? WebSocketMessageType.Text : WebSocketMessageType.Binary, part.MessageType);
        var bytes = message.ToArray();
        var (channel, data) = isText ? (bytes[0] - '0', Convert.FromBase64String(Encoding.ASCII.GetString(bytes[1..]))) : (bytes[0], bytes[1..]);
        if (!_channels.TryGetValue(channel, out var text))
        {
            _channels.Add(channel, text = new StringBuilder());
        }

        text.Append(Encoding.Latin1.GetString(data));
        return true;
    }
}
