namespace Dataplane.ControlPlane.Store;

/// <summary>
/// The committed state and the recent past of one store: snapshots for lists, events for watches. One writer publishes;
/// readers take the newest snapshot without a lock.
/// </summary>
internal sealed class RevisionHistory
{
    /// <summary>How many events keep their encodings and their versions whole: watchers that keep up are not further behind.</summary>
    private const int WarmEvents = 256;

    /// <summary>
    /// Length of the superseded versions that are kept, however few: the past of large objects is short, here and in a store's
    /// file. In memory they take less, see <see cref="VersionDelta"/>.
    /// </summary>
    private const long MostBytes = 48 << 20;

    private readonly Lock _gate = new();
    private readonly Queue<Step> _recent = new();
    private readonly Queue<StoreEvent> _warm = new();
    private readonly CommonForms _forms = new();
    private readonly Dictionary<string, List<StoreWatch>> _watches = new(StringComparer.Ordinal);
    private readonly SortedList<Revision, TaskCompletionSource> _waiters = [];
    private readonly int _capacity;
    private volatile StoreSnapshot _current;
    private StoreSnapshot _oldest;
    private int _events;
    private long _bytes;
    private bool _closed;

    /// <param name="start">The state to start from; nothing before it is known.</param>
    /// <param name="capacity">How many events are kept for watches and for lists of the past.</param>
    public RevisionHistory(StoreSnapshot start, int capacity = 8192)
    {
        _current = _oldest = start;
        _capacity = capacity;
        foreach (var obj in start.List(""))
        {
            _forms.Take(obj);
        }
    }

    public StoreSnapshot Current => _current;

    /// <summary>The earliest state that is known: what is superseded before it nobody can ask for.</summary>
    public Revision Oldest
    {
        get
        {
            lock (_gate)
            {
                return _oldest.Revision;
            }
        }
    }

    /// <summary>Makes writes that follow each other visible and hands them to the watchers.</summary>
    public void Publish(StoreEvent[] events)
    {
        if (events.Length == 0)
        {
            return;
        }

        lock (_gate)
        {
            var step = new Step(events, _current.With(events), events.Sum(change => (long)(change.Previous?.JsonLength ?? 0)));
            _current = step.After;
            Keep(step);
            foreach (var (prefix, watches) in _watches)
            {
                foreach (var change in events)
                {
                    if (change.Object.Key.StartsWith(prefix, StringComparison.Ordinal))
                    {
                        watches.ForEach(watch => watch.Offer(change));
                    }
                }
            }

            Wake();
        }
    }

    /// <summary>Moves the current revision on where something else than an object of this store took revisions.</summary>
    public void Advance(Revision revision)
    {
        lock (_gate)
        {
            if (revision > _current.Revision)
            {
                _current = _current.At(revision);
                Wake();
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

            var before = _oldest;
            foreach (var step in _recent)
            {
                if (step.After.Revision > revision)
                {
                    return before.With(step.Events.AsSpan(0, Array.FindLastIndex(step.Events, change => change.Revision <= revision) + 1));
                }

                before = step.After;
            }

            return before;
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
            foreach (var step in _recent)
            {
                if (step.After.Revision > after)
                {
                    foreach (var change in step.Events)
                    {
                        if (change.Revision > after && change.Object.Key.StartsWith(prefix, StringComparison.Ordinal))
                        {
                            watch.Offer(change);
                        }
                    }
                }
            }

            if (_closed)
            {
                watch.Complete();
            }

            if (!_watches.TryGetValue(prefix, out var watches))
            {
                _watches[prefix] = watches = [];
            }

            watches.Add(watch);
            return watch;
        }
    }

    public Task WaitForAsync(Revision revision, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_closed || _current.Revision >= revision)
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

    /// <summary>Ends every watch and lets go of those who wait for a revision; those who want to go on list again.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            foreach (var watch in _watches.Values.SelectMany(watches => watches))
            {
                watch.Complete();
            }

            foreach (var waiter in _waiters.Values)
            {
                waiter.TrySetResult();
            }

            _waiters.Clear();
        }
    }

    internal void Remove(StoreWatch watch)
    {
        lock (_gate)
        {
            if (_watches.TryGetValue(watch.Prefix, out var watches) && watches.Remove(watch) && watches.Count == 0)
            {
                _watches.Remove(watch.Prefix);
            }
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

    private void Keep(Step step)
    {
        _recent.Enqueue(step);
        _events += step.Events.Length;
        _bytes += step.Bytes;
        while (_recent.Count > 1 && (_events > _capacity || _bytes > MostBytes))
        {
            var gone = _recent.Dequeue();
            _events -= gone.Events.Length;
            _bytes -= gone.Bytes;
            _oldest = gone.After;
        }

        foreach (var change in step.Events)
        {
            _warm.Enqueue(change);
            if (_warm.Count > WarmEvents)
            {
                var cold = _warm.Dequeue();
                cold.Forget();
                cold.Previous?.Shrink(cold.Object);
                _forms.Take(cold.Object);
            }
        }
    }

    private void Wake()
    {
        while (_waiters.Count > 0 && _waiters.GetKeyAtIndex(0) <= _current.Revision)
        {
            _waiters.GetValueAtIndex(0).TrySetResult();
            _waiters.RemoveAt(0);
        }
    }

    /// <summary>Writes that became visible together, and the state after them.</summary>
    private readonly record struct Step(StoreEvent[] Events, StoreSnapshot After, long Bytes);
}
