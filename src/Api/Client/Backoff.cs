namespace Dataplane.Api.Client;

/// <summary>Doubling delays with up to as much again at random, so that many clients of a restarted server spread out.</summary>
public sealed class Backoff(TimeSpan first, TimeSpan longest)
{
    private int _failures;

    /// <summary>The delay before the next try.</summary>
    public TimeSpan Next()
    {
        var delay = Math.Min(first.TotalMilliseconds * Math.Pow(2, Math.Min(_failures, 30)), longest.TotalMilliseconds);
        _failures++;
        return TimeSpan.FromMilliseconds(delay * (1 + Random.Shared.NextDouble()));
    }

    /// <summary>Starts over after a success.</summary>
    public void Reset() => _failures = 0;
}
