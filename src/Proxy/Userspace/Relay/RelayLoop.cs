using System.Collections.Concurrent;
using Dataplane.Linux.Epoll;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.TransparentSockets;
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
    private readonly StreamListener[] _listeners;
    private readonly StreamRelay _streams;
    private readonly DatagramRelay _datagrams;
    private readonly Thread _thread;
    private volatile bool _stopping;

    /// <param name="listeners">IPv4 first; owned from now on.</param>
    internal RelayLoop(RelayEngine engine, int index, StreamListener[] listeners, RelayOptions options, NetworkNamespace? node, ILogger logger)
    {
        _listeners = listeners;
        _streams = new StreamRelay(engine, options, _epoll, Counters, logger);
        _datagrams = new DatagramRelay(options, _epoll, Counters);
        _epoll.Add(_wake.Handle, EpollEvents.In, new RelayToken(RelayTokenKind.WakeUp, 0).Value);
        for (var i = 0; i < listeners.Length; i++)
        {
            _epoll.Add(listeners[i], EpollEvents.In, new RelayToken(RelayTokenKind.Listener, i).Value);
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
            listener.Dispose();
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
                Serve(new RelayToken(token), events, now);
            }

            _datagrams.Answer();
            RunPosted();
            _streams.ServeUnfinished();
            _streams.Expire(now);
            _datagrams.ExpireFlows(now);
        }
    }

    private void RunPosted()
    {
        while (_posted.TryDequeue(out var action))
        {
            action(_datagrams);
        }
    }

    private void Serve(RelayToken token, EpollEvents events, long now)
    {
        switch (token.Kind)
        {
            case RelayTokenKind.WakeUp:
                _wake.Clear();
                break;
            case RelayTokenKind.Listener:
                _streams.Accept(_listeners[token.Slot], ipv6: token.Slot == 1, now);
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
