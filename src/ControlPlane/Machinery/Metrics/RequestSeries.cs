using System.Collections.Concurrent;

namespace Dataplane.ControlPlane.Machinery.Metrics;

/// <summary>The numbers of one set of labels. Safe for concurrent use; adding allocates nothing.</summary>
internal sealed class RequestSeries
{
    /// <summary>Upper bounds of the histogram in seconds: those of upstream.</summary>
    public static readonly double[] Bounds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

    private readonly long[] _buckets = new long[Bounds.Length + 1];
    private long _sumTicks;
    private int _running;

    /// <summary>Requests by HTTP status.</summary>
    public ConcurrentDictionary<int, Counter> Codes { get; } = new();

    public int Running => Volatile.Read(ref _running);

    public double SumSeconds => TimeSpan.FromTicks(Interlocked.Read(ref _sumTicks)).TotalSeconds;

    public void Begin() => Interlocked.Increment(ref _running);

    public void End() => Interlocked.Decrement(ref _running);

    public void Count(int code) => Codes.GetOrAdd(code, static _ => new Counter()).Increment();

    public void Observe(TimeSpan duration)
    {
        var at = Array.BinarySearch(Bounds, duration.TotalSeconds);
        Interlocked.Increment(ref _buckets[at < 0 ? ~at : at]);
        Interlocked.Add(ref _sumTicks, duration.Ticks);
    }

    /// <summary>Requests up to each bound, the last one is all.</summary>
    public long[] Cumulative()
    {
        var sums = new long[_buckets.Length];
        for (var i = 0; i < sums.Length; i++)
        {
            sums[i] = Interlocked.Read(ref _buckets[i]) + (i > 0 ? sums[i - 1] : 0);
        }

        return sums;
    }
}

/// <summary>A number that only grows.</summary>
internal sealed class Counter
{
    private long _value;

    public long Value => Interlocked.Read(ref _value);

    public void Increment() => Interlocked.Increment(ref _value);
}
