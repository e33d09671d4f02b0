namespace Dataplane.Hosting.Spdy;

/// <summary>
/// How much the peer lets us send (section 2.6.8). The implementation in every Kubernetes client and server, spdystream, has no
/// flow control: it never grants more than the first 64 KiB and never keeps to ours. So windows hold us back only once the peer
/// has shown that it uses them, by a WINDOW_UPDATE or a window in its SETTINGS.
/// </summary>
internal sealed class SpdySendFlow
{
    private readonly Lock _gate = new();
    private readonly Dictionary<int, long> _streams = [];
    private long _session = SpdyLimits.InitialWindow;
    private long _initial = SpdyLimits.InitialWindow;
    private bool _enforced;
    private TaskCompletionSource _changed = NewChange();

    internal void Add(int stream)
    {
        lock (_gate)
        {
            _streams[stream] = _initial;
        }
    }

    /// <summary>Whoever waits to send on the stream goes on, and finds it closed.</summary>
    internal void Remove(int stream)
    {
        lock (_gate)
        {
            _streams.Remove(stream);
            Signal();
        }
    }

    /// <summary>Takes room for up to so many bytes of a stream, waiting for the first.</summary>
    internal async ValueTask<int> TakeAsync(int stream, int wanted, CancellationToken cancellation)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                var open = _streams.TryGetValue(stream, out var own);
                var room = (int)(_enforced && open ? Math.Min(wanted, Math.Min(own, _session)) : wanted);
                if (room > 0)
                {
                    _session -= room;
                    if (open)
                    {
                        _streams[stream] = own - room;
                    }

                    return room;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellation);
        }
    }

    /// <param name="stream">0 for the session.</param>
    /// <param name="delta">What WINDOW_UPDATE grants.</param>
    /// <returns>False when the window would become larger than there may be.</returns>
    internal bool Grow(int stream, int delta)
    {
        lock (_gate)
        {
            _enforced = true;
            var before = stream == 0 ? _session : _streams.GetValueOrDefault(stream);
            if (delta == 0 || before + delta > SpdyLimits.LargestWindow)
            {
                return false;
            }

            if (stream == 0)
            {
                _session += delta;
            }
            else if (_streams.ContainsKey(stream))
            {
                _streams[stream] = before + delta;
            }

            Signal();
            return true;
        }
    }

    /// <summary>A new size for the windows of all streams; those in use move by the difference and may become negative.</summary>
    internal void SetInitial(int size)
    {
        lock (_gate)
        {
            _enforced = true;
            foreach (var stream in _streams.Keys.ToArray())
            {
                _streams[stream] += size - _initial;
            }

            _initial = size;
            Signal();
        }
    }

    private void Signal()
    {
        _changed.SetResult();
        _changed = NewChange();
    }

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>
/// How much of what the peer sent may wait unread, over all streams of a session. While it is used up nothing more is read from
/// the connection: the only brake that a peer without flow control knows.
/// </summary>
internal sealed class SpdyReceiveBudget(long limit)
{
    private readonly Lock _gate = new();
    private long _used;
    private TaskCompletionSource? _room;

    internal void Add(int bytes)
    {
        lock (_gate)
        {
            _used += bytes;
        }
    }

    internal void Release(long bytes)
    {
        TaskCompletionSource? room = null;
        lock (_gate)
        {
            _used -= bytes;
            if (_used < limit)
            {
                (room, _room) = (_room, null);
            }
        }

        room?.SetResult();
    }

    internal Task WaitAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            return _used < limit
                ? Task.CompletedTask
                : (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task.WaitAsync(cancellation);
        }
    }
}
