using System.Collections.Concurrent;

namespace Dataplane.Kubelet.Stats;

/// <summary>From processor time used so far to how much is used now: against the last reading that is old enough to tell.</summary>
internal sealed class UsageRates(TimeProvider time)
{
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Oldest = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, (DateTimeOffset At, TimeSpan Used, double Rate)> _last = new(StringComparer.Ordinal);

    /// <returns>Nanoseconds of a processor a second; 0 until there are two readings.</returns>
    internal long NanoCores(string key, TimeSpan used)
    {
        var now = time.GetUtcNow();
        var next = _last.AddOrUpdate(
            key,
            _ => (now, used, 0),
            (_, last) => now - last.At < Least ? last : (now, used, used < last.Used ? 0 : (used - last.Used) / (now - last.At)));
        return (long)(next.Rate * 1e9);
    }

    /// <summary>What was not asked for in a while has gone.</summary>
    internal void Forget()
    {
        var before = time.GetUtcNow() - Oldest;
        foreach (var old in _last.Where(one => one.Value.At < before))
        {
            _last.TryRemove(old);
        }
    }
}
