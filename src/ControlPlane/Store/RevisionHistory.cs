namespace Dataplane.ControlPlane.Store;

/// <summary>
/// The committed state and the recent past of one store: snapshots for lists, events for watches. One writer publishes;
/// readers take the newest snapshot without a lock.
/// </summary>
internal sealed class RevisionHistory
{
    private readonly Lock _gate = new();
    private readonly Queue<(StoreEvent Event, StoreSnapshot After)> _recent = new();
    private readonly List<StoreWatch> _watches = [];
    private readonly SortedList<Revision, TaskCompletionSource> _waiters = [];
    private readonly int _capacity;
    private volatile StoreSnapshot _current;
    private StoreSnapshot _oldest;
    private bool _closed;

    /// <param name="start">The state to start from; nothing before it is known.</param>
    /// <param name="capacity">How many events are kept for watches and for lists of the past.</param>
    public RevisionHistory(StoreSnapshot start, int capacity = 8192)
    {
        _current = _oldest = start;
        _capacity = capacity;
    }

    public StoreSnapshot Current => _current;

    /// <summary>Makes writes visible and hands them to the watchers.</summary>
    public void Publish(ReadOnlySpan<StoreEvent> events)
    {
        lock (_gate)
        {
            foreach (var change in events)
            {
                _current = _current.With(change);
                _recent.Enqueue((change, _current));
                if (_recent.Count > _capacity)
                {
                    _oldest = _recent.Dequeue().After;
                }

                foreach (var watch in _watches)
                {
                    watch.Offer(change);
                }
            }

            while (_waiters.Count > 0 && _waiters.GetKeyAtIndex(0) <= _current.Revision)
            {
                _waiters.GetValueAtIndex(0).TrySetResult();
                _waiters.RemoveAt(0);
            }
        }
    }

    public StoreSnapshot At(Revision revision)
    {
        lock (_gate)
        {
            if (revision >= _current.Revision)
            {
                return _current;
            }

            if (revision < _oldest.Revision)
            {
                throw new CompactedException(revision, _oldest.Revision);
            }

            var found = _oldest;
            foreach (var (change, after) in _recent)
            {
                if (change.Revision > revision)
                {
                    break;
                }

                found = after;
            }

            return found;
        }
    }

    public StoreWatch Watch(string prefix, Revision after)
    {
        lock (_gate)
        {
            if (after < _oldest.Revision)
            {
                throw new CompactedException(after, _oldest.Revision);
            }

            var watch = new StoreWatch(this, prefix, _capacity);
            foreach (var (change, _) in _recent)
            {
                if (change.Revision > after)
                {
                    watch.Offer(change);
                }
            }

            if (_closed)
            {
                watch.Complete();
            }

            _watches.Add(watch);
            return watch;
        }
    }

    public Task WaitForAsync(Revision revision, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_current.Revision >= revision)
            {
                return Task.CompletedTask;
            }

            if (!_waiters.TryGetValue(revision, out var waiter))
            {
                waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _waiters.Add(revision, waiter);
            }

            return waiter.Task.WaitAsync(cancellation);
        }
    }

    /// <summary>Ends every watch.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            foreach (var watch in _watches)
            {
                watch.Complete();
            }
        }
    }

    internal void Remove(StoreWatch watch)
    {
        lock (_gate)
        {
            _watches.Remove(watch);
        }
    }

    // Under the lock a publication is either not begun or wholly in the queues.
    internal Revision DeliveredRevision()
    {
        lock (_gate)
        {
            return _current.Revision;
        }
    }
}
