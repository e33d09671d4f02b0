using System.Threading.Channels;
using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.Machinery;

/// <summary>Keys of objects to look at: each at most once in the queue and never twice at the same time, late or after failures by delay.</summary>
/// <remarks>A key added while it is being worked on is handed out again when that is done, so no change is missed.</remarks>
internal sealed class WorkQueue(TimeProvider time)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly Channel<NamespacedName> _ready = Channel.CreateUnbounded<NamespacedName>();
    private readonly HashSet<NamespacedName> _waiting = [];
    private readonly HashSet<NamespacedName> _working = [];
    private readonly Dictionary<NamespacedName, int> _failures = [];
    private readonly Dictionary<NamespacedName, (DateTimeOffset Due, ITimer Timer)> _delayed = [];

    /// <summary>Asks for a key to be looked at now.</summary>
    public void Add(NamespacedName key)
    {
        lock (_gate)
        {
            if (_waiting.Add(key) && !_working.Contains(key))
            {
                _ready.Writer.TryWrite(key);
            }
        }
    }

    /// <summary>Asks for a key to be looked at after a while; the earliest of several such requests counts.</summary>
    public void AddAfter(NamespacedName key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero)
        {
            Add(key);
            return;
        }

        lock (_gate)
        {
            var due = time.GetUtcNow() + delay;
            if (_delayed.TryGetValue(key, out var earlier))
            {
                if (earlier.Due <= due)
                {
                    return;
                }

                earlier.Timer.Dispose();
            }

            _delayed[key] = (due, time.CreateTimer(_ => Due(key), null, delay, Timeout.InfiniteTimeSpan));
        }
    }

    /// <summary>Asks for a failed key again, later at every failure.</summary>
    public void Retry(NamespacedName key)
    {
        int failures;
        lock (_gate)
        {
            failures = _failures.GetValueOrDefault(key);
            _failures[key] = failures + 1;
        }

        AddAfter(key, TimeSpan.FromTicks(Math.Min(FirstRetry.Ticks << Math.Min(failures, 20), LongestRetry.Ticks)));
    }

    /// <summary>Forgets a key's failures after a success.</summary>
    public void Forget(NamespacedName key)
    {
        lock (_gate)
        {
            _failures.Remove(key);
        }
    }

    /// <summary>The next key; <see cref="Done"/> must follow.</summary>
    public async ValueTask<NamespacedName> TakeAsync(CancellationToken cancellationToken)
    {
        var key = await _ready.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        lock (_gate)
        {
            _waiting.Remove(key);
            _working.Add(key);
        }

        return key;
    }

    /// <summary>The key's work is over; hands it out again if it was added meanwhile.</summary>
    public void Done(NamespacedName key)
    {
        lock (_gate)
        {
            _working.Remove(key);
            if (_waiting.Contains(key))
            {
                _ready.Writer.TryWrite(key);
            }
        }
    }

    private void Due(NamespacedName key)
    {
        lock (_gate)
        {
            if (_delayed.Remove(key, out var entry))
            {
                entry.Timer.Dispose();
            }
        }

        Add(key);
    }
}
