using System.Collections.Concurrent;
using Dataplane.Linux.Epoll;
using Dataplane.Linux.Namespaces;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>
/// One thread in the node's network namespace with an epoll set of its own. A connection lives on the loop that accepted it
/// from beginning to end: no lock, no hand-over.
/// </summary>
internal sealed class RelayLoop : IDisposable
{
    private const int EventsPerWait = 512;

    private readonly EpollInstance _epoll = new(EventsPerWait);
    private readonly WakeUp _wake = new();
    private readonly ConcurrentQueue<Action<DatagramRelay>> _posted = new();
    private readonly RelayListener[] _listeners;
    private readonly StreamRelay _streams;
    private readonly DatagramRelay _datagrams;
    private readonly Thread _thread;
    private readonly ILogger _logger;
    private volatile bool _stopping;

    /// <param name="engine">Whose loop.</param>
    /// <param name="index">Which of its loops.</param>
    /// <param name="listeners">Owned from now on.</param>
    /// <param name="options">How to work.</param>
    /// <param name="node">Null for the process's own namespace.</param>
    /// <param name="logger">A logger.</param>
    internal RelayLoop(RelayEngine engine, int index, RelayListener[] listeners, RelayOptions options, NetworkNamespace? node, ILogger logger)
    {
        _listeners = listeners;
        _logger = logger;
        _streams = new StreamRelay(engine, index, options, _epoll, Counters, logger);
        _datagrams = new DatagramRelay(index, options, _epoll, Counters);
        _epoll.Add(_wake.Handle, EpollEvents.In, new RelayToken(RelayTokenKind.WakeUp, 0).Value);
        for (var i = 0; i < listeners.Length; i++)
        {
            _epoll.Add(listeners[i].Socket, EpollEvents.In, new RelayToken(RelayTokenKind.Listener, i).Value);
        }

        _thread = new Thread(() => Run(node)) { IsBackground = true, Name = $"relay {index} {node?.Name}" };
    }

    internal RelayCounters Counters { get; } = new();

    internal void Start() => _thread.Start();

    /// <summary>Has the loop's thread do something to its UDP front ends, before the next event.</summary>
    internal void Post(Action<DatagramRelay> action)
    {
        _posted.Enqueue(action);
        _wake.Signal();
    }

    /// <summary>Ends the thread and resets its connections.</summary>
    public void Dispose()
    {
        _stopping = true;
        _wake.Signal();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        RunPosted();
        _streams.Dispose();
        _datagrams.Dispose();
        foreach (var listener in _listeners)
        {
            listener.Socket.Dispose();
        }

        _wake.Dispose();
        _epoll.Dispose();
    }

    private void Run(NetworkNamespace? node)
    {
        node?.Enter();
        while (!_stopping)
        {
            var count = _epoll.Wait(MillisecondsToNextDeadline());
            var now = Environment.TickCount64;
            for (var i = 0; i < count; i++)
            {
                var (events, token) = _epoll.Event(i);
                ServeSafely(new RelayToken(token), events, now);
            }

            _datagrams.Answer();
            RunPosted();
            _streams.ServeUnfinished();
            _streams.Expire(now);
            _datagrams.ExpireFlows(now);
            Volatile.Write(ref Counters.Allocated, GC.GetAllocatedBytesForCurrentThread());
        }
    }

    private void RunPosted()
    {
        while (_posted.TryDequeue(out var action))
        {
            action(_datagrams);
        }
    }

    // Whatever one connection does to us, the others keep their service.
    private void ServeSafely(RelayToken token, EpollEvents events, long now)
    {
        try
        {
            Serve(token, events, now);
        }
        catch (Exception failure)
        {
            if (token.Kind is RelayTokenKind.Client or RelayTokenKind.Server)
            {
                _streams.Drop(token);
            }

            if (Counters.Faults++ == 0)
            {
                Report(token.Kind, failure);
            }
        }
    }

    // A method of its own: what a lambda captures is allocated where the method that holds it begins, which is with every event.
    private void Report(RelayTokenKind kind, Exception failure) => _ = Task.Run(() => _logger.EventFailed(kind, failure));

    private void Serve(RelayToken token, EpollEvents events, long now)
    {
        switch (token.Kind)
        {
            case RelayTokenKind.WakeUp:
                _wake.Clear();
                break;
            case RelayTokenKind.Listener:
                _streams.Accept(_listeners[token.Slot], now);
                break;
            case RelayTokenKind.DatagramFrontEnd:
                _datagrams.ServeFrontEnd(token.Slot, now);
                break;
            case RelayTokenKind.DatagramFlow:
                _datagrams.ServeFlow(token, now);
                break;
            default:
                _streams.Serve(token, events, now);
                break;
        }
    }

    private int MillisecondsToNextDeadline()
    {
        var next = Math.Min(_streams.NextDeadline() ?? long.MaxValue, _datagrams.NextDeadline() ?? long.MaxValue);
        return next == long.MaxValue ? -1 : (int)Math.Clamp(next - Environment.TickCount64, 0, int.MaxValue);
    }
}
