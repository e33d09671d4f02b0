using Dataplane.Linux;
using Dataplane.Linux.Epoll;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>What has become of a connection.</summary>
internal enum PumpOutcome
{
    Open,

    /// <summary>Both sides have ended and everything is delivered.</summary>
    Done,

    /// <summary>One side failed: the other is to be reset too.</summary>
    Broken,
}

/// <summary>Moves payload between the two sockets of established connections by splice(2), and half-closes what has ended.</summary>
internal sealed class StreamPump(PipePool pipes, EpollInstance epoll, RelayCounters counters)
{
    // A connection that could go on for ever gives way to the others after so many full pipes; epoll reports it again.
    private const int FillsPerEvent = 8;

    // Less than this at once means that the socket is probably empty: asking epoll costs as much as finding out.
    private const int ProbablyMore = 64 * 1024;

    /// <summary>A client has often sent its request by the time its endpoint is connected.</summary>
    internal PumpOutcome Start(RelayConnection connection) =>
        Move(connection.ToServer, exhaust: false) ? Settle(connection) : PumpOutcome.Broken;

    internal PumpOutcome Serve(RelayConnection connection, RelaySide side, EpollEvents events)
    {
        var (outgoing, incoming) = side == connection.Client
            ? (connection.ToServer, connection.ToClient)
            : (connection.ToClient, connection.ToServer);
        if ((events & EpollEvents.Error) != 0)
        {
            // What came before the RST is still readable and belongs to the other side.
            if (outgoing.WantsInput)
            {
                Move(outgoing, exhaust: true);
            }

            return PumpOutcome.Broken;
        }

        if (incoming.Pending is not null && (events & EpollEvents.Out) != 0 && !Move(incoming, exhaust: false))
        {
            return PumpOutcome.Broken;
        }

        if (outgoing.WantsInput && (events & (EpollEvents.In | EpollEvents.HangUp)) != 0 && !Move(outgoing, exhaust: false))
        {
            return PumpOutcome.Broken;
        }

        var outcome = Settle(connection);
        if (outcome == PumpOutcome.Open && (events & EpollEvents.HangUp) != 0 && side.Watched == EpollEvents.None)
        {
            // Hang-up is reported whether asked for or not: while the other side holds us up it would be reported without end.
            epoll.Remove(side.Socket);
            side.Watched = null;
        }

        return outcome;
    }

    /// <summary>Gives back what a connection that ends still holds.</summary>
    internal void Forget(RelayConnection connection)
    {
        Drop(connection.ToServer);
        Drop(connection.ToClient);
    }

    /// <returns>False when a socket failed.</returns>
    private bool Move(RelayDirection direction, bool exhaust)
    {
        var fills = 0;
        while (true)
        {
            var pipe = direction.Pending;
            if (pipe is null)
            {
                pipe = pipes.Rent();
                if (pipe is null)
                {
                    return false;
                }

                var filled = pipe.Fill(direction.From.Socket);
                if (filled <= 0)
                {
                    pipes.Return(pipe);
                    return filled == 0 ? End(direction) : filled == -Errno.EAGAIN;
                }

                direction.Pending = pipe;
                Count(direction, filled);
                fills = filled < ProbablyMore && !exhaust ? FillsPerEvent : fills + 1;
            }

            while (pipe.Buffered > 0)
            {
                var drained = pipe.Drain(direction.To.Socket);
                if (drained <= 0)
                {
                    return drained == -Errno.EAGAIN;
                }
            }

            direction.Pending = null;
            pipes.Return(pipe);
            if (fills >= FillsPerEvent)
            {
                return true;
            }
        }
    }

    private static bool End(RelayDirection direction)
    {
        direction.Ended = true;
        return direction.To.Socket.ShutdownSend() == 0;
    }

    private PumpOutcome Settle(RelayConnection connection)
    {
        if (connection.ToServer.Ended && connection.ToClient.Ended)
        {
            return PumpOutcome.Done;
        }

        return Watch(connection, connection.Client, connection.ToServer, connection.ToClient)
            && Watch(connection, connection.Server, connection.ToClient, connection.ToServer)
            ? PumpOutcome.Open
            : PumpOutcome.Broken;
    }

    private bool Watch(RelayConnection connection, RelaySide side, RelayDirection outgoing, RelayDirection incoming)
    {
        var wanted = (outgoing.WantsInput ? EpollEvents.In : EpollEvents.None)
            | (incoming.Pending is null ? EpollEvents.None : EpollEvents.Out);
        if (side.Watched == wanted || (side.Watched is null && wanted == EpollEvents.None))
        {
            return true;
        }

        var result = side.Watched is null
            ? epoll.Add(side.Socket, wanted, connection.Token(side))
            : epoll.Modify(side.Socket, wanted, connection.Token(side));
        side.Watched = wanted;
        return result == 0;
    }

    private void Drop(RelayDirection direction)
    {
        if (direction.Pending is { } pipe)
        {
            direction.Pending = null;
            pipes.Return(pipe);
        }
    }

    private void Count(RelayDirection direction, int bytes)
    {
        if (direction.From.Kind == RelayTokenKind.Client)
        {
            counters.BytesToEndpoints += bytes;
        }
        else
        {
            counters.BytesToClients += bytes;
        }
    }
}
