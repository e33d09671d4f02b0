namespace Dataplane.Cli.Load;

/// <summary>Counts of a run, filled by one thread.</summary>
internal sealed class LoadTally(int total)
{
    private readonly double[] _microseconds = new double[total];
    private readonly Dictionary<string, int> _byHost = [];
    private int _answered;
    private int _errors;
    private string? _firstError;

    internal int Total { get; } = total;

    internal int Finished => _answered + _errors;

    internal void Answer(string host, TimeSpan elapsed)
    {
        _microseconds[_answered++] = elapsed.TotalMicroseconds;
        _byHost[host] = _byHost.GetValueOrDefault(host) + 1;
    }

    internal void Fail(string reason)
    {
        _errors++;
        _firstError ??= reason;
    }

    internal LoadResult Result()
    {
        var sorted = _microseconds.AsSpan(0, _answered);
        sorted.Sort();
        return new LoadResult(_answered, _errors, Quantile(sorted, 0.50), Quantile(sorted, 0.99), _byHost, _firstError);
    }

    /// <summary>Nearest rank; 0 when nothing was answered.</summary>
    private static double Quantile(ReadOnlySpan<double> sorted, double quantile) =>
        sorted.Length == 0 ? 0 : sorted[Math.Clamp((int)Math.Ceiling(quantile * sorted.Length) - 1, 0, sorted.Length - 1)];
}
