namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>What one loop has done for one endpoint of a service port; written by its thread, read by any.</summary>
internal sealed class EndpointCounters
{
    /// <summary>Upper bounds of <see cref="DialBuckets"/> in microseconds; the last bucket has none.</summary>
    internal static readonly int[] DialBounds = [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000];

    /// <summary>Connections, or UDP flows, it was given.</summary>
    internal long Connections;

    /// <summary>Those of TCP that are open.</summary>
    internal long Active;

    /// <summary>Payload from clients.</summary>
    internal long BytesToEndpoint;

    /// <summary>Payload to clients.</summary>
    internal long BytesToClient;

    /// <summary>Datagrams, both ways.</summary>
    internal long Datagrams;

    /// <summary>Attempts that failed or took too long.</summary>
    internal long DialFailures;

    /// <summary>Connections it was given after another endpoint had failed.</summary>
    internal long Retries;

    /// <summary>Times it was left out for failing again and again.</summary>
    internal long Ejections;

    /// <summary>Microseconds of all dials together.</summary>
    internal long DialMicroseconds;

    /// <summary>How many dials took how long.</summary>
    internal long[] DialBuckets { get; } = new long[DialBounds.Length + 1];

    internal void Dialled(TimeSpan took)
    {
        var microseconds = (long)took.TotalMicroseconds;
        DialMicroseconds += microseconds;
        var bucket = 0;
        while (bucket < DialBounds.Length && microseconds > DialBounds[bucket])
        {
            bucket++;
        }

        DialBuckets[bucket]++;
    }

    internal void AddTo(EndpointCounters sum)
    {
        sum.Connections += Volatile.Read(ref Connections);
        sum.Active += Volatile.Read(ref Active);
        sum.BytesToEndpoint += Volatile.Read(ref BytesToEndpoint);
        sum.BytesToClient += Volatile.Read(ref BytesToClient);
        sum.Datagrams += Volatile.Read(ref Datagrams);
        sum.DialFailures += Volatile.Read(ref DialFailures);
        sum.Retries += Volatile.Read(ref Retries);
        sum.Ejections += Volatile.Read(ref Ejections);
        sum.DialMicroseconds += Volatile.Read(ref DialMicroseconds);
        for (var bucket = 0; bucket < DialBuckets.Length; bucket++)
        {
            sum.DialBuckets[bucket] += Volatile.Read(ref DialBuckets[bucket]);
        }
    }
}
