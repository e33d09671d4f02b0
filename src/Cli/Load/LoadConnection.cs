using System.Diagnostics;
using System.Globalization;
using System.Text;
using Dataplane.Linux;
using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Cli.Load;

/// <summary>How far a request has come.</summary>
internal enum LoadStep
{
    Waiting,
    Answered,
    Failed,
}

/// <summary>One connection of the load generator and the request it carries.</summary>
internal sealed class LoadConnection
{
    private readonly InetEndPoint _target;
    private readonly bool _keepAlive;
    private readonly byte[] _request;
    private readonly byte[] _reply = new byte[4096];
    private int _received;

    internal LoadConnection(InetEndPoint target, bool keepAlive)
    {
        _target = target;
        _keepAlive = keepAlive;
        _request = Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {target}\r\nConnection: {(keepAlive ? "keep-alive" : "close")}\r\n\r\n");
    }

    internal StreamSocket Socket { get; } = new();

    internal long StartedAt { get; private set; }

    internal bool Sent { get; private set; }

    /// <summary>The replica that gave the last reply.</summary>
    internal string Host { get; private set; } = "";

    /// <summary>Starts a request, on a new connection where none is open.</summary>
    /// <returns>Why it failed, or null.</returns>
    internal string? Begin()
    {
        StartedAt = Stopwatch.GetTimestamp();
        Sent = false;
        _received = 0;
        if (!Socket.IsInvalid)
        {
            return null;
        }

        var result = Socket.Open(_target.IsIPv6);
        if (result == 0)
        {
            result = Socket.Connect(_target);
        }

        return result is 0 or -Errno.EINPROGRESS ? null : Describe("connect", -result);
    }

    internal LoadStep Advance(out string? failure)
    {
        failure = null;
        if (!Sent)
        {
            var sent = Socket.Send(_request);
            if (sent != _request.Length)
            {
                failure = sent < 0 ? Describe("connect", -sent) : "the request was taken only in part";
                return sent == -Errno.EAGAIN ? LoadStep.Waiting : LoadStep.Failed;
            }

            Sent = true;
            return LoadStep.Waiting;
        }

        var count = Socket.Receive(_reply.AsSpan(_received));
        if (count == -Errno.EAGAIN)
        {
            return LoadStep.Waiting;
        }

        if (count <= 0)
        {
            failure = count < 0 ? Describe("receive", -count) : "closed before the reply was complete";
            return LoadStep.Failed;
        }

        _received += count;
        return Parse(out failure);
    }

    /// <summary>Closes a connection that serves one request only.</summary>
    internal void EndRequest()
    {
        if (!_keepAlive)
        {
            Socket.CloseSocket();
        }
    }

    private LoadStep Parse(out string? failure)
    {
        failure = null;
        var text = Encoding.ASCII.GetString(_reply, 0, _received);
        var headerEnd = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (headerEnd < 0 || _received < headerEnd + 4 + Number(text, "Content-Length: "))
        {
            failure = _received == _reply.Length ? "the reply is longer than 4 KiB" : null;
            return failure is null ? LoadStep.Waiting : LoadStep.Failed;
        }

        if (!text.StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
        {
            failure = text[..text.IndexOf('\r', StringComparison.Ordinal)];
            return LoadStep.Failed;
        }

        Host = Line(text, "hostname: ");
        return LoadStep.Answered;
    }

    private static int Number(string text, string name) =>
        int.TryParse(Line(text, name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private static string Line(string text, string name)
    {
        var start = text.IndexOf(name, StringComparison.OrdinalIgnoreCase);
        return start < 0 ? "" : text[(start + name.Length)..].Split('\r', '\n')[0];
    }

    private static string Describe(string operation, int errno) => new LinuxException(operation, errno).Message;
}
