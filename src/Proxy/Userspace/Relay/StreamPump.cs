using Dataplane.Linux;
using Dataplane.Linux.Epoll;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>What has become of a connection.</summary>
internal enum PumpOutcome
{
    Open,

    /// <summary>There may be more to do at once, which epoll will not say again.</summary>
    Unfinished,

    /// <summary>Both sides have ended and everything is delivered.</summary>
    Done,

    /// <summary>One side failed: the other is to be reset too.</summary>
    Broken,
}

/// <summary>
/// Moves payload between the two sockets of established connections and half-closes what has ended. Small messages are copied
/// through a buffer, which takes two system calls and no page handling; a direction that fills the buffer goes on by splice(2).
/// </summary>
/// <remarks>
/// epoll is edge-triggered: what it said of a socket is remembered until the socket itself says otherwise. Receiving less than was
/// asked for means that nothing is left (epoll(7)), unless the end of the stream or urgent data is among it. Where the end was heard of
/// before, less than was asked for is the last there is: it goes on together with the end, in one packet.
/// </remarks>
internal sealed class StreamPump(PipePool pipes, EpollInstance epoll)
{
    /// <summary>What a socket is watched for until it has once been full.</summary>
    internal const EpollEvents Input = EpollEvents.In | EpollEvents.ReadHangUp | EpollEvents.Priority | EpollEvents.EdgeTriggered;

    internal const EpollEvents InputAndOutput = Input | EpollEvents.Out;

    // A connection that could go on for ever gives way to the others after so many steps.
    private const int StepsPerTurn = 8;

    private const int BufferSize = 16 * 1024;

    // A direction that is spliced less than this at once goes back to the buffer.
    private const int WorthSplicing = 4 * 1024;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferSize, pinned: true);

    /// <summary>A client has often sent its request by the time its endpoint is connected.</summary>
    internal PumpOutcome Start(RelayConnection connection)
    {
        var client = connection.Client;
        client.Readable = client.Writable = connection.Server.Writable = true;
        client.Watched = Input;
        if (epoll.Add(client.Socket, client.Watched, connection.Token(client)) < 0)
        {
            return PumpOutcome.Broken;
        }

        var outcome = Continue(connection);
        connection.Server.StopWaitingToSend();
        return outcome;
    }

    internal PumpOutcome Serve(RelayConnection connection, RelaySide side, EpollEvents events)
    {
        var (outgoing, incoming) = side == connection.Client
            ? (connection.ToServer, connection.ToClient)
            : (connection.ToClient, connection.ToServer);
        if ((events & EpollEvents.Error) != 0)
        {
            // What came before the RST is still readable and belongs to the other side.
            side.Readable = side.Exhaust = true;
            while (outgoing.CanMove && Move(outgoing))
            {
            }

            return PumpOutcome.Broken;
        }

        side.Writable |= (events & EpollEvents.Out) != 0;
        side.Heard(events);
        return (incoming.Pending is null || Move(incoming)) && Move(outgoing) ? Outcome(connection) : PumpOutcome.Broken;
    }

    /// <summary>Goes on with a connection that was <see cref="PumpOutcome.Unfinished"/>.</summary>
    internal PumpOutcome Continue(RelayConnection connection) =>
        Move(connection.ToServer) && Move(connection.ToClient) ? Outcome(connection) : PumpOutcome.Broken;

    /// <summary>Gives back what a connection that ends still holds.</summary>
    internal void Forget(RelayConnection connection)
    {
        Drop(connection.ToServer);
        Drop(connection.ToClient);
    }

    private static PumpOutcome Outcome(RelayConnection connection) =>
        connection.ToServer.Ended && connection.ToClient.Ended ? PumpOutcome.Done
        : connection.ToServer.CanMove || connection.ToClient.CanMove ? PumpOutcome.Unfinished
        : PumpOutcome.Open;

    /// <returns>False when a socket failed.</returns>
    private bool Move(RelayDirection direction)
    {
        for (var step = 0; direction.CanMove; step++)
        {
            if (direction.Pending is not null)
            {
                if (!Deliver(direction))
                {
                    return false;
                }
            }
            else if (step >= StepsPerTurn)
            {
                return true;
            }
            else if (!(direction.IsBulk ? Splice(direction) : Copy(direction)))
            {
                return false;
            }
        }

        return true;
    }

    private bool Copy(RelayDirection direction)
    {
        var from = direction.From;
        var received = from.Socket.Receive(_buffer);
        if (received <= 0)
        {
            return Nothing(direction, received);
        }

        Count(direction, received);
        direction.IsBulk = received == BufferSize;
        from.Readable = direction.IsBulk || from.Exhaust;
        var last = from.Finished && !direction.IsBulk;
        direction.To.BeforeSend();
        var sent = direction.To.Socket.Send(_buffer.AsSpan(0, received), last: last && !direction.Opposite.Ended);
        if (sent == received)
        {
            return !last || End(direction);
        }

        if (sent < 0 && sent != -Errno.EAGAIN)
        {
            return false;
        }

        // The rest waits in a pipe, so that memory is held by those few connections only whose peer is slow.
        var pipe = pipes.Rent();
        if (pipe is null || pipe.Put(_buffer.AsSpan(Math.Max(sent, 0), received - Math.Max(sent, 0))) < 0)
        {
            return false;
        }

        direction.Pending = pipe;
        return WaitForRoom(direction);
    }

    private bool Splice(RelayDirection direction)
    {
        var pipe = pipes.Rent();
        if (pipe is null)
        {
            return false;
        }

        var filled = pipe.Fill(direction.From.Socket);
        if (filled <= 0)
        {
            pipes.Return(pipe);
            return Nothing(direction, filled);
        }

        Count(direction, filled);
        direction.IsBulk = filled >= WorthSplicing;
        direction.Pending = pipe;
        return Deliver(direction);
    }

    private bool Deliver(RelayDirection direction)
    {
        var pipe = direction.Pending!;
        direction.To.BeforeSend();
        while (pipe.Buffered > 0)
        {
            var drained = pipe.Drain(direction.To.Socket);
            if (drained <= 0)
            {
                return drained == -Errno.EAGAIN && WaitForRoom(direction);
            }
        }

        direction.Pending = null;
        pipes.Return(pipe);
        return true;
    }

    // Sockets are hardly ever full: they are not watched for it before they were.
    private bool WaitForRoom(RelayDirection direction)
    {
        var to = direction.To;
        to.Writable = false;
        if ((to.Watched & EpollEvents.Out) != 0)
        {
            return true;
        }

        to.Watched = InputAndOutput;
        return epoll.Modify(to.Socket, to.Watched, direction.Connection.Token(to)) == 0;
    }

    private static bool Nothing(RelayDirection direction, int result)
    {
        direction.From.Readable = false;
        return result == 0 ? End(direction) : result == -Errno.EAGAIN;
    }

    // When both have ended the sockets are closed, which says the same.
    private static bool End(RelayDirection direction)
    {
        direction.From.Readable = false;
        direction.Ended = true;
        return direction.Opposite.Ended || direction.To.Socket.ShutdownSend() == 0;
    }

    private void Drop(RelayDirection direction)
    {
        if (direction.Pending is { } pipe)
        {
            direction.Pending = null;
            pipes.Return(pipe);
        }
    }

    private static void Count(RelayDirection direction, int bytes)
    {
        var counters = direction.Connection.Counters!;
        if (direction.From.Kind == RelayTokenKind.Client)
        {
            counters.BytesToEndpoint += bytes;
        }
        else
        {
            counters.BytesToClient += bytes;
        }
    }
}
