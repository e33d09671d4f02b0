using System.Globalization;
using System.Text;
using Dataplane.Linux;
using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Cli.Echo;

/// <summary>One client: requests one after the other on a kept connection, pipelined ones included.</summary>
internal sealed class EchoConnection(StreamSocket socket, InetEndPoint client)
{
    private const int MaxRequest = 8192;

    private readonly byte[] _received = new byte[MaxRequest];
    private readonly InetEndPoint _local = socket.LocalEndPoint;
    private int _length;
    private long _bodyLeft;

    internal StreamSocket Socket { get; } = socket;

    /// <summary>Takes what has arrived and answers every request that is complete.</summary>
    /// <returns>Whether the connection stays open.</returns>
    internal bool Serve(string hostName)
    {
        var count = Socket.Receive(_received.AsSpan(_length));
        if (count <= 0)
        {
            return count == -Errno.EAGAIN;
        }

        _length += count;
        while (true)
        {
            SkipBody();
            var end = _received.AsSpan(0, _length).IndexOf("\r\n\r\n"u8);
            if (end < 0)
            {
                return _length < MaxRequest || Reply("431 Request Header Fields Too Large", "the request's header is longer than 8 KiB\n", false);
            }

            var header = _received.AsSpan(0, end + 2);
            var keep = KeepsAlive(header);
            _bodyLeft = ContentLength(header);
            Consume(end + 4);
            if (_bodyLeft < 0 || !Reply("200 OK", $"hostname: {hostName}\naddress: {_local}\nclient: {client}\n", keep))
            {
                return false;
            }
        }
    }

    private void SkipBody()
    {
        var skipped = (int)Math.Min(_bodyLeft, _length);
        Consume(skipped);
        _bodyLeft -= skipped;
    }

    private void Consume(int count)
    {
        _received.AsSpan(count, _length - count).CopyTo(_received);
        _length -= count;
    }

    /// <summary>A reply fits the socket's send buffer; a client that pipelines without reading is cut off.</summary>
    private bool Reply(string status, string body, bool keep)
    {
        var connection = keep ? "keep-alive" : "close";
        var text = $"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {body.Length}\r\nConnection: {connection}\r\n\r\n{body}";
        var bytes = Encoding.ASCII.GetBytes(text);
        return Socket.Send(bytes) == bytes.Length && keep;
    }

    private static bool KeepsAlive(ReadOnlySpan<byte> header)
    {
        var line = header[..header.IndexOf("\r\n"u8)];
        var connection = Value(header, "connection");
        return line.EndsWith("HTTP/1.0"u8)
            ? connection.Equals("keep-alive", StringComparison.OrdinalIgnoreCase)
            : !connection.Equals("close", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>-1 when the body's end cannot be known: the connection then ends with its reply.</summary>
    private static long ContentLength(ReadOnlySpan<byte> header)
    {
        if (Value(header, "transfer-encoding").Length > 0)
        {
            return -1;
        }

        var text = Value(header, "content-length");
        return text.Length == 0 ? 0 : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : -1;
    }

    private static string Value(ReadOnlySpan<byte> header, string name)
    {
        foreach (var line in Encoding.ASCII.GetString(header).Split("\r\n").Skip(1))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && line.AsSpan(0, colon).Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return line[(colon + 1)..].Trim();
            }
        }

        return "";
    }
}
