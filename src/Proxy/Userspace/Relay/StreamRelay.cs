using Dataplane.Linux;
using Dataplane.Linux.Epoll;
using Dataplane.Linux.TransparentSockets;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>TCP of one loop: accepts, finds the front end, dials until an endpoint answers, then hands over to <see cref="StreamPump"/>.</summary>
internal sealed class StreamRelay : IDisposable
{
    private const int AcceptsPerEvent = 64;

    // Probing takes four system calls, which only connections that last are worth.
    private const int MillisecondsBetweenSweeps = 15_000;

    private readonly RelayEngine _engine;
    private readonly EpollInstance _epoll;
    private readonly RelayCounters _counters;
    private readonly ILogger _logger;
    private readonly ConnectionPool _connections = new();
    private readonly DialTimers _timers;
    private readonly PipePool _pipes;
    private readonly StreamPump _pump;
    private readonly Queue<RelayToken> _unfinished = new();
    private long _sweepAt;
    private WakeUp? _reserve = new();

    internal StreamRelay(RelayEngine engine, RelayOptions options, EpollInstance epoll, RelayCounters counters, ILogger logger)
    {
        _engine = engine;
        _epoll = epoll;
        _counters = counters;
        _logger = logger;
        _timers = new DialTimers(options.DialTimeouts, _connections);
        _pipes = new PipePool(options.PipeCapacity);
        _pump = new StreamPump(_pipes, epoll, counters);
    }

    /// <summary>Takes waiting connections.</summary>
    internal void Accept(StreamListener listener, bool ipv6, long now)
    {
        for (var i = 0; i < AcceptsPerEvent; i++)
        {
            var connection = _connections.Rent();
            var result = connection.Client.Socket.AcceptFrom(listener, out var peer);
            if (result < 0)
            {
                _connections.Return(connection);
                if (result is -Errno.EMFILE or -Errno.ENFILE)
                {
                    ShedOne(listener);
                }

                return;
            }

            _counters.Accepted++;
            _counters.Open++;
            connection.Peer = peer;
            connection.Phase = RelayPhase.Dialling;
            if (!FindEndpoints(connection, ipv6))
            {
                _counters.Refused++;
                Abort(connection);
                continue;
            }

            Dial(connection, now);
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

        var dial = _timers.NextDeadline();
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

    /// <summary>Goes on to the next endpoint where one has not answered in time.</summary>
    internal void Expire(long now)
    {
        Sweep(now);
        while (_timers.TakeOverdue(now) is { } connection)
        {
            DialFailed(connection);
            Dial(connection, now);
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

    // A destination that is no front end is the listener's own port, dialled directly: refusing it also ends any loop.
    private bool FindEndpoints(RelayConnection connection, bool ipv6)
    {
        var targets = _engine.StreamTargets;
        var client = connection.Client.Socket;
        if (client.OriginalDestination(ipv6, out var destination) < 0
            || (!targets.TryGetValue(destination, out var target)
                && !targets.TryGetValue(destination with { Address = UInt128.Zero }, out target)))
        {
            return false;
        }

        var local = target.OutsideEndpoints is null ? default : client.LocalEndPoint;
        connection.Endpoints = target.EndpointsFor(connection.Peer, local);
        if (connection.Endpoints.IsEmpty)
        {
            return false;
        }

        connection.Balance = target.Balance;
        connection.FirstEndpoint = target.Balance.First(connection.Peer, connection.Endpoints);
        return true;
    }

    private void Dial(RelayConnection connection, long now)
    {
        var server = connection.Server;
        for (; connection.Attempt < _timers.Attempts; DialFailed(connection))
        {
            // An endpoint that is a front end would come back here, and again, until the last descriptor is gone.
            if (_engine.StreamTargets.ContainsKey(connection.Endpoint))
            {
                continue;
            }

            var result = server.Socket.Open(connection.Endpoint.IsIPv6);
            if (result < 0)
            {
                break;
            }

            result = server.Socket.Connect(connection.Endpoint);
            if (result is 0 or -Errno.EINPROGRESS)
            {
                _timers.Start(connection, now);
                server.Watched = StreamPump.InputAndOutput;
                if (_epoll.Add(server.Socket, server.Watched, connection.Token(server)) < 0)
                {
                    break;
                }

                return;
            }
        }

        _counters.Refused++;
        Abort(connection);
    }

    private void FinishDial(RelayConnection connection, EpollEvents events, long now)
    {
        if ((events & (EpollEvents.Error | EpollEvents.HangUp)) != 0)
        {
            DialFailed(connection);
            Dial(connection, now);
            return;
        }

        connection.Balance!.Connected(connection.Peer, connection.Endpoint);
        connection.Phase = RelayPhase.Established;
        connection.ConnectedAt = now;
        connection.Server.Heard(events);
        _counters.Connected++;
        Finish(connection, _pump.Start(connection));
    }

    private void DialFailed(RelayConnection connection)
    {
        _counters.DialFailures++;
        connection.Server.Socket.CloseSocket();
        connection.Server.Reset();
        connection.Attempt++;
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
        if (_sweepAt > now)
        {
            return;
        }

        _sweepAt = now + MillisecondsBetweenSweeps;
        foreach (var connection in _connections.All)
        {
            if (connection is { Phase: RelayPhase.Established, IsProbed: false } && now - connection.ConnectedAt > MillisecondsBetweenSweeps / 2)
            {
                connection.Server.Socket.ProbeWhenIdle();
                connection.IsProbed = true;
            }
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

        if (_counters.Shed++ == 0)
        {
            _logger.OutOfDescriptors();
        }

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
