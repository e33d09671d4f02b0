using System.Collections.Concurrent;

namespace Dataplane.ControlPlane.Controllers.DaemonSets;

/// <summary>How long to wait before a failed pod is replaced again: a second, then twice as long each time, a quarter of an hour at most.</summary>
internal sealed class FailureBackoff(TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);

    private readonly ConcurrentDictionary<string, (TimeSpan Delay, DateTimeOffset At)> _failures = [];

    /// <summary>Zero when a replacement may be made now, which then counts as made; else how long to wait.</summary>
    /// <param name="place">What fails: an owner in one of its generations, on a node.</param>
    public TimeSpan Try(string place)
    {
        var now = time.GetUtcNow();
        foreach (var (key, old) in _failures)
        {
            if (now - old.At > 2 * Longest)
            {
                _failures.TryRemove(key, out _);
            }
        }

        if (!_failures.TryGetValue(place, out var last))
        {
            _failures[place] = (First, now);
            return TimeSpan.Zero;
        }

        var rest = last.At + last.Delay - now;
        if (rest > TimeSpan.Zero)
        {
            return rest;
        }

        _failures[place] = (last.Delay * 2 > Longest ? Longest : last.Delay * 2, now);
        return TimeSpan.Zero;
    }
}
