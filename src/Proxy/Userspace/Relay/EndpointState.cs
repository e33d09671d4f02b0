using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>One endpoint of a service port: how it does, whatever front end led to it. Used by all loops at once.</summary>
/// <param name="endPoint">Where it is.</param>
/// <param name="addedAt">Milliseconds of <see cref="Environment.TickCount64"/>; null for one that was there from the beginning.</param>
internal sealed class EndpointState(InetEndPoint endPoint, long? addedAt)
{
    /// <summary>Failures in a row after which it is left out.</summary>
    internal const int FailuresToEject = 3;

    private const int FirstEjectionMilliseconds = 1_000;
    private const int MostDoublings = 6;

    private EndpointCounters?[] _perLoop = [];
    private int _failures;
    private int _ejections;
    private long _ejectedUntil = long.MinValue;
    private long _removedAt = long.MaxValue;

    internal InetEndPoint EndPoint { get; } = endPoint;

    internal long? AddedAt { get; } = addedAt;

    /// <summary>When the service port lost it, same unit; the largest number while it has not.</summary>
    internal long RemovedAt
    {
        get => Volatile.Read(ref _removedAt);
        set => Volatile.Write(ref _removedAt, value);
    }

    /// <summary>Open TCP connections.</summary>
    internal long Active
    {
        get
        {
            long sum = 0;
            foreach (var counters in Volatile.Read(ref _perLoop))
            {
                sum += counters is null ? 0 : Volatile.Read(ref counters.Active);
            }

            return sum;
        }
    }

    /// <summary>A loop's own counters; for its thread only.</summary>
    internal EndpointCounters On(int loop)
    {
        var counters = Volatile.Read(ref _perLoop);
        return loop < counters.Length && counters[loop] is { } own ? own : Make(loop);
    }

    internal EndpointCounters Sum()
    {
        var sum = new EndpointCounters();
        foreach (var counters in Volatile.Read(ref _perLoop))
        {
            counters?.AddTo(sum);
        }

        return sum;
    }

    /// <summary>Whether it is left out for now.</summary>
    /// <param name="now">Milliseconds of <see cref="Environment.TickCount64"/>.</param>
    internal bool IsEjected(long now) => Volatile.Read(ref _ejectedUntil) > now;

    /// <summary>Notes a failed attempt; three in a row leave it out for a second, and for twice as long each further time.</summary>
    /// <returns>Whether it is left out from now on.</returns>
    internal bool Failed(long now)
    {
        if (Interlocked.Increment(ref _failures) < FailuresToEject || IsEjected(now))
        {
            return false;
        }

        var doublings = Math.Min(Interlocked.Increment(ref _ejections) - 1, MostDoublings);
        Volatile.Write(ref _ejectedUntil, now + ((long)FirstEjectionMilliseconds << doublings));

        // The next attempt after it is a trial: one more failure is enough.
        Volatile.Write(ref _failures, FailuresToEject - 1);
        return true;
    }

    /// <summary>Notes that it took a connection.</summary>
    internal void Answered()
    {
        if (Volatile.Read(ref _failures) == 0)
        {
            return;
        }

        Volatile.Write(ref _failures, 0);
        Volatile.Write(ref _ejections, 0);
        Volatile.Write(ref _ejectedUntil, long.MinValue);
    }

    private EndpointCounters Make(int loop)
    {
        var own = new EndpointCounters();
        while (true)
        {
            var before = Volatile.Read(ref _perLoop);
            var after = new EndpointCounters?[Math.Max(before.Length, loop + 1)];
            before.CopyTo(after, 0);
            after[loop] = own;
            if (Interlocked.CompareExchange(ref _perLoop, after, before) == before)
            {
                return own;
            }
        }
    }
}
