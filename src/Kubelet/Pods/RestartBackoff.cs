namespace Dataplane.Kubelet.Pods;

/// <summary>
/// How long a container that ended waits for its restart: not at all the first time, then 10 s doubling to 300 s; from the
/// beginning again once it has run for twice the longest wait.
/// </summary>
internal sealed class RestartBackoff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(300);

    private TimeSpan? _last;

    /// <summary>The next wait is as the first.</summary>
    internal void Reset() => _last = null;

    /// <param name="ran">How long the run that just ended lasted.</param>
    internal TimeSpan Next(TimeSpan ran)
    {
        if (_last is null || ran > 2 * Longest)
        {
            _last = TimeSpan.Zero;
        }
        else
        {
            _last = _last == TimeSpan.Zero ? First : TimeSpan.FromTicks(Math.Min(2 * _last.Value.Ticks, Longest.Ticks));
        }

        return _last.Value;
    }
}
