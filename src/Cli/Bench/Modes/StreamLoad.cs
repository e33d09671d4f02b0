using System.Diagnostics;
using Dataplane.Linux;
using Dataplane.Linux.Epoll;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Cli.Bench.Modes;

/// <summary>TCP clients: a number of connections that each do one thing over and over. One that fails is counted and made anew.</summary>
/// <param name="targets">Where: connections take turns.</param>
/// <param name="once">Each connection sends one request and then does nothing.</param>
internal sealed class StreamLoad(NetworkNamespace machine, InetEndPoint[] targets, LoadKind kind, int connections, bool once = false)
    : LoadThread(machine, $"{kind} {machine.Name}")
{
    // An accept queue is 4096 long; a client that overruns it measures its own retransmissions.
    private const int OpeningAtOnce = 256;
    private const int LimitMilliseconds = 5_000;

    private readonly byte[] _message = kind == LoadKind.Stream ? Chunk() : LoadMessage.Of(kind);
    private readonly byte[] _answer = new byte[4096];
    private readonly Connection[] _connections = new Connection[connections];
    private int _next;

    protected override void Open()
    {
        for (var slot = 0; slot < connections; slot++)
        {
            _connections[slot] = new Connection();
        }

        while (_next < Math.Min(connections, OpeningAtOnce))
        {
            Begin(_next++);
        }
    }

    protected override void Serve(int slot, EpollEvents events)
    {
        var connection = _connections[slot];
        if (connection.Socket.IsInvalid)
        {
            return;
        }

        if (!connection.Sent)
        {
            if (connection.Socket.PendingError() != 0 || !Send(connection))
            {
                Fail(slot);
                return;
            }

            connection.Sent = true;
            if (kind != LoadKind.Stream)
            {
                Epoll.Modify(connection.Socket, EpollEvents.In, (ulong)slot);
            }
        }
        else if (kind == LoadKind.Stream)
        {
            if ((events & (EpollEvents.Error | EpollEvents.HangUp)) != 0 || !Send(connection))
            {
                Fail(slot);
            }
        }
        else
        {
            Receive(slot, connection);
        }
    }

    protected override void Check()
    {
        for (var slot = 0; slot < _next && kind != LoadKind.Stream; slot++)
        {
            var connection = _connections[slot];
            if (!connection.Done && Stopwatch.GetElapsedTime(connection.StartedAt).TotalMilliseconds > LimitMilliseconds)
            {
                Fail(slot);
            }
        }
    }

    protected override void Close()
    {
        foreach (var connection in _connections)
        {
            connection?.Socket.Dispose();
        }
    }

    private static byte[] Chunk()
    {
        var chunk = new byte[128 * 1024];
        chunk.AsSpan().Fill((byte)LoadKind.Stream);
        return chunk;
    }

    private void Begin(int slot)
    {
        var connection = _connections[slot];
        (connection.Sent, connection.Done, connection.Received, connection.StartedAt) = (false, false, 0, Stopwatch.GetTimestamp());
        var target = targets[slot % targets.Length];
        if (connection.Socket.Open(target.IsIPv6) < 0)
        {
            throw new InvalidOperationException("the load generator has no descriptors left");
        }

        if (connection.Socket.Connect(target) is not (0 or -Errno.EINPROGRESS) || Epoll.Add(connection.Socket, EpollEvents.Out, (ulong)slot) < 0)
        {
            // Check finds it: at once would be without end where nothing can be reached.
            connection.Socket.CloseSocket();
        }
    }

    private bool Send(Connection connection)
    {
        var sent = connection.Socket.Send(_message);
        return sent == -Errno.EAGAIN || (sent > 0 && (kind == LoadKind.Stream || sent == _message.Length));
    }

    private void Receive(int slot, Connection connection)
    {
        var count = connection.Socket.Receive(_answer);
        if (count == -Errno.EAGAIN)
        {
            return;
        }

        connection.Received += Math.Max(count, 0);
        if (connection.Received == LoadMessage.Size && (count == 0 || (kind == LoadKind.Request && count > 0)))
        {
            Answered(connection.StartedAt);
            Next(slot, connection);
        }
        else if (count <= 0 || connection.Received > LoadMessage.Size)
        {
            Fail(slot);
        }
    }

    private void Next(int slot, Connection connection)
    {
        if (kind == LoadKind.Close)
        {
            connection.Socket.CloseSocket();
            Begin(slot);
            return;
        }

        (connection.Received, connection.Done) = (0, once);
        if (once)
        {
            if (_next < connections)
            {
                Begin(_next++);
            }

            return;
        }

        connection.StartedAt = Stopwatch.GetTimestamp();
        if (!Send(connection))
        {
            Fail(slot);
        }
    }

    private void Fail(int slot)
    {
        Failed();
        _connections[slot].Socket.CloseSocket();
        Begin(slot);
    }

    private sealed class Connection
    {
        internal StreamSocket Socket { get; } = new();

        internal bool Sent { get; set; }

        internal bool Done { get; set; }

        internal int Received { get; set; }

        internal long StartedAt { get; set; }
    }
}
