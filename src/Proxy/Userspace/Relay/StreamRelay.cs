using Dataplane.Linux;
using Dataplane.Linux.Epoll;
using Dataplane.Linux.TransparentSockets;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>TCP of one loop: accepts, finds the front end, has an endpoint dialled, then hands over to <see cref="StreamPump"/>.</summary>
internal sealed class StreamRelay : IDisposable
{
    private const int AcceptsPerEvent = 64;

    // Probing takes four system calls, which only connections that last are worth.
    private const int MillisecondsBetweenSweeps = 5_000;

    private readonly RelayEngine _engine;
    private readonly RelayCounters _counters;
    private readonly ILogger _logger;
    private readonly ConnectionPool _connections = new();
    private readonly int _mostConnections;
    private readonly StreamDialler _dialler;
    private readonly PipePool _pipes;
    private readonly StreamPump _pump;
    private readonly Queue<RelayToken> _unfinished = new();
    private long _sweepAt;
    private WakeUp? _reserve = new();

    internal StreamRelay(RelayEngine engine, int loop, RelayOptions options, EpollInstance epoll, RelayCounters counters, ILogger logger)
    {
        _engine = engine;
        _counters = counters;
        _logger = logger;
        _mostConnections = options.MaxConnections;
        _dialler = new StreamDialler(loop, new DialTimers(options.DialTimeouts, _connections), epoll, counters);
        _pipes = new PipePool(options.PipeCapacity);
        _pump = new StreamPump(_pipes, epoll);
    }

    /// <summary>Takes waiting connections.</summary>
    internal void Accept(RelayListener listener, long now)
    {
        for (var i = 0; i < AcceptsPerEvent; i++)
        {
            var connection = _connections.Rent();
            var result = connection.Client.Socket.AcceptFrom(listener.Socket, out var peer);
            if (result < 0)
            {
                _connections.Return(connection);
                switch (result)
                {
                    case -Errno.ECONNABORTED:
                        continue;
                    case -Errno.EMFILE or -Errno.ENFILE:
                        ShedOne(listener.Socket);
                        return;
                    default:
                        return;
                }
            }

            _counters.Accepted++;
            _counters.Open++;
            connection.Peer = peer;
            connection.Phase = RelayPhase.Dialling;
            if (_counters.Open > _mostConnections)
            {
                Shed(connection);
            }
            else if (FindEndpoints(connection, listener, now))
            {
                Dial(connection, now);
            }
            else
            {
                Refuse(connection);
            }
        }
    }

    /// <summary>Serves one event of a connection's socket.</summary>
    internal void Serve(RelayToken token, EpollEvents events, long now)
    {
        if (_connections.Find(token.Slot, token.Generation) is not { } connection)
        {
            return;
        }

        if (connection.Phase == RelayPhase.Dialling)
        {
            FinishDial(connection, events, now);
            return;
        }

        Finish(connection, _pump.Serve(connection, token.Kind == RelayTokenKind.Client ? connection.Client : connection.Server, events));
    }

    /// <summary>When to call <see cref="Expire"/>, milliseconds of <see cref="Environment.TickCount64"/>; null for whenever there are events.</summary>
    internal long? NextDeadline()
    {
        if (_unfinished.Count > 0)
        {
            return 0;
        }

        var dial = _dialler.Timers.NextDeadline();
        return _counters.Open == 0 ? dial : Math.Min(_sweepAt, dial ?? long.MaxValue);
    }

    /// <summary>Goes on with connections that gave way to others.</summary>
    internal void ServeUnfinished()
    {
        for (var left = _unfinished.Count; left > 0; left--)
        {
            var token = _unfinished.Dequeue();
            if (_connections.Find(token.Slot, token.Generation) is { } connection)
            {
                connection.IsQueued = false;
                Finish(connection, _pump.Continue(connection));
            }
        }
    }

    /// <summary>Goes on to the next endpoint where one has not answered in time, and looks after connections that last.</summary>
    internal void Expire(long now)
    {
        if (_sweepAt <= now)
        {
            _sweepAt = now + MillisecondsBetweenSweeps;
            Sweep(now);
        }

        while (_dialler.Timers.TakeOverdue(now) is { } connection)
        {
            _dialler.Failed(connection, now);
            Dial(connection, now);
        }
    }

    /// <summary>Resets a connection whose handling failed.</summary>
    internal void Drop(RelayToken token)
    {
        if (_connections.Find(token.Slot, token.Generation) is { } connection)
        {
            Abort(connection);
        }
    }

    /// <summary>Resets every connection.</summary>
    public void Dispose()
    {
        foreach (var connection in _connections.All)
        {
            if (connection.Phase != RelayPhase.Free)
            {
                Abort(connection);
            }

            connection.Client.Socket.Dispose();
            connection.Server.Socket.Dispose();
        }

        _pipes.Dispose();
        _reserve?.Dispose();
    }

    // A destination that is no front end is the listener's own port, dialled directly.
    private bool FindEndpoints(RelayConnection connection, RelayListener listener, long now)
    {
        var targets = _engine.StreamTargets;
        if (connection.Client.Socket.OriginalDestination(listener.IsIPv6, out var destination) < 0
            || (!targets.TryGetValue(destination, out var target)
                && !targets.TryGetValue(destination with { Address = UInt128.Zero }, out target)))
        {
            return false;
        }

        connection.Endpoints = target.EndpointsFor(listener.IsOutside);
        if (connection.Endpoints.IsEmpty)
        {
            return false;
        }

        connection.Destination = destination;
        connection.Balance = target.Balance;
        connection.PreservesClient = listener.IsOutside && target.PreservesOutsideClients;
        connection.EndpointIndex = target.Balance.First(connection.Peer, connection.Endpoints, now);
        return true;
    }

    private void Dial(RelayConnection connection, long now)
    {
        switch (_dialler.Dial(connection, now))
        {
            case DialOutcome.NobodyAnswers:
                Refuse(connection);
                break;
            case DialOutcome.NoDescriptor:
                Shed(connection);
                break;
        }
    }

    private void FinishDial(RelayConnection connection, EpollEvents events, long now)
    {
        if ((events & (EpollEvents.Error | EpollEvents.HangUp)) != 0)
        {
            _dialler.Failed(connection, now);
            Dial(connection, now);
            return;
        }

        _dialler.Answered(connection);
        connection.Phase = RelayPhase.Established;
        connection.ConnectedAt = now;
        connection.Server.Heard(events);
        Finish(connection, !connection.Balance!.Settings.ProxyProtocol || Introduce(connection) ? _pump.Start(connection) : PumpOutcome.Broken);
    }

    private static bool Introduce(RelayConnection connection)
    {
        Span<byte> header = stackalloc byte[ProxyHeader.LongestLength];
        var length = ProxyHeader.Write(header, connection.Peer, connection.Destination);
        connection.Server.BeforeSend();
        return connection.Server.Socket.Send(header[..length]) == length;
    }

    private void Finish(RelayConnection connection, PumpOutcome outcome)
    {
        if (outcome == PumpOutcome.Broken)
        {
            Abort(connection);
        }
        else if (outcome == PumpOutcome.Done)
        {
            connection.Client.Socket.CloseSocket();
            connection.Server.Socket.CloseSocket();
            Release(connection);
        }
        else if (outcome == PumpOutcome.Unfinished && !connection.IsQueued)
        {
            connection.IsQueued = true;
            _unfinished.Enqueue(new RelayToken(RelayTokenKind.Client, connection.Slot, connection.Generation));
        }
    }

    private void Sweep(long now)
    {
        foreach (var connection in _connections.All)
        {
            if (connection.Phase != RelayPhase.Established)
            {
                continue;
            }

            if (!connection.IsProbed && now - connection.ConnectedAt > MillisecondsBetweenSweeps / 2)
            {
                connection.Server.Socket.ProbeWhenIdle();
                connection.IsProbed = true;
            }

            if (connection.Endpoint.RemovedAt < now && connection.Balance!.Settings.Drain is { } drain
                && now - connection.Endpoint.RemovedAt >= drain.TotalMilliseconds)
            {
                Abort(connection);
            }
        }
    }

    private void Refuse(RelayConnection connection)
    {
        _counters.Refused++;
        Abort(connection);
    }

    private void Shed(RelayConnection connection)
    {
        CountShed();
        Abort(connection);
    }

    private void CountShed()
    {
        if (_counters.Shed++ == 0)
        {
            // Elsewhere: a log may take its time, and without descriptors it may fail.
            _ = Task.Run(() => _logger.ConnectionsShed());
        }
    }

    private void Abort(RelayConnection connection)
    {
        connection.Client.Socket.Abort();
        connection.Server.Socket.Abort();
        Release(connection);
    }

    private void Release(RelayConnection connection)
    {
        if (connection.Counters is { } counters)
        {
            counters.Active--;
        }

        _pump.Forget(connection);
        _connections.Return(connection);
        _counters.Open--;
    }

    /// <summary>
    /// Without a descriptor the connection can neither be taken nor refused, and the listener would stay readable for ever: one
    /// kept in reserve is given up to take it and reset it.
    /// </summary>
    private void ShedOne(StreamListener listener)
    {
        _reserve?.Dispose();
        _reserve = null;
        using (var socket = new StreamSocket())
        {
            if (socket.AcceptFrom(listener, out _) == 0)
            {
                socket.Abort();
            }
        }

        CountShed();
        try
        {
            _reserve = new WakeUp();
        }
        catch (LinuxException)
        {
            // Another thread took the descriptor: connections wait in the listener's queue until one is free.
        }
    }
}
