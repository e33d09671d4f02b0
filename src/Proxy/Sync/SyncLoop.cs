using System.Threading.Channels;
using Dataplane.Proxy.Planning;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Sync;

/// <summary>
/// The proxy's one writer: takes changes off a channel, plans, and hands plans to the mode.
/// <code>
///   informers ──> channel ──> PlanSource ──(a change, and MinInterval since the last sync)──> mode.Apply
///                                        ──(CheckInterval, or a notification)───────────────> mode.IsIntact ──no──> mode.Apply from nothing
///                                        ──(a failure: back-off)────────────────────────────> mode.Apply from nothing
/// </code>
/// </summary>
internal sealed class SyncLoop(PlanSource source, IProxyMode mode, SyncOptions options, SyncState state, TimeProvider time, ILogger logger)
{
    private const int LargeCluster = 1000;

    private readonly Channel<ModelChange> _changes = Channel.CreateUnbounded<ModelChange>(new UnboundedChannelOptions { SingleReader = true });
    private readonly TaskCompletionSource _firstSync = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What the mode last put into force; null when that is unknown.</summary>
    private ForwardingPlan? _inForce;

    private long? _oldestChange;
    private long? _lastStart;
    private long _lastCheck;
    private bool _checkNow;
    private int _failures;

    /// <summary>Completes when the first plan is in force.</summary>
    internal Task FirstSync => _firstSync.Task;

    /// <summary>Where changes go; never full.</summary>
    internal ChannelWriter<ModelChange> Changes => _changes.Writer;

    /// <summary>Runs until cancelled. Failures of the mode are logged and retried, never thrown.</summary>
    internal async Task RunAsync(CancellationToken cancellation)
    {
        _lastCheck = time.GetTimestamp();
        try
        {
            while (true)
            {
                await WaitAsync(UntilDue(), cancellation).ConfigureAwait(false);
                TakeChanges();
                if (source.IsSynced && UntilDue() <= TimeSpan.Zero)
                {
                    Sync();
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _firstSync.TrySetCanceled(cancellation);
        }
    }

    // Until the next sync or check if nothing more arrives.
    private TimeSpan UntilDue()
    {
        if (!source.IsSynced)
        {
            return Timeout.InfiniteTimeSpan;
        }

        var untilCheck = _checkNow ? TimeSpan.Zero : options.CheckInterval - time.GetElapsedTime(_lastCheck);
        if (_oldestChange is null)
        {
            return Later(untilCheck, TimeSpan.Zero);
        }

        var pause = _failures == 0 ? options.MinInterval : RetryDelay();
        var untilSync = _lastStart is { } last ? pause - time.GetElapsedTime(last) : TimeSpan.Zero;
        return Later(_failures == 0 && untilCheck < untilSync ? untilCheck : untilSync, TimeSpan.Zero);
    }

    private TimeSpan RetryDelay()
    {
        var delay = options.FirstRetry * Math.Pow(2, Math.Min(_failures - 1, 20));
        return delay < options.CheckInterval ? delay : options.CheckInterval;
    }

    private async Task WaitAsync(TimeSpan wait, CancellationToken cancellation)
    {
        if (wait == TimeSpan.Zero || _changes.Reader.TryPeek(out _))
        {
            return;
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var change = _changes.Reader.WaitToReadAsync(timeout.Token).AsTask();
        await Task.WhenAny(change, Task.Delay(wait, time, timeout.Token)).ConfigureAwait(false);
        await timeout.CancelAsync().ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
    }

    private void TakeChanges()
    {
        while (_changes.Reader.TryRead(out var change))
        {
            Take(change);
            if (change is ModelChange.ForeignChange)
            {
                _checkNow = true;
            }
            else
            {
                _oldestChange ??= change.SeenAt;
            }
        }

        state.Queued(source.Pending, _oldestChange, source.NodeEligible);
    }

    private void Take(ModelChange change)
    {
        try
        {
            source.Take(change);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            // One object that nobody foresaw must not end the loop, and with it every later change.
            logger.ChangeNotTaken(change, failure);
        }
    }

    private void Sync()
    {
        var started = time.GetTimestamp();
        var full = true;
        try
        {
            if (_checkNow || time.GetElapsedTime(_lastCheck) >= options.CheckInterval)
            {
                Check();
            }

            var plan = source.Plan(out var triggers);
            if (!ReferenceEquals(plan, _inForce))
            {
                _lastStart = started;
                full = _inForce is null;
                mode.Apply(_inForce, plan);
                _inForce = plan;
                state.Programmed(plan, full, started, _oldestChange ?? started, triggers);
                logger.Programmed(plan.Revision, plan.Services.Count, time.GetElapsedTime(started).TotalMilliseconds);
            }

            state.UpToDate();
            _oldestChange = null;
            _failures = 0;
            if (_firstSync.TrySetResult() && plan.Services.Count >= LargeCluster)
            {
                LetGoOfFirstList();
            }
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            // What is in force is the old plan, or unknown after a lost answer: the retry starts from nothing.
            _inForce = null;
            _failures++;
            _lastStart = started;
            _oldestChange ??= started;
            state.Failed(failure.Message, full);
            logger.SyncFailed(mode.Name, failure.Message, RetryDelay().TotalSeconds);
        }
    }

    // The first list of a cluster is an order of magnitude more memory than what is kept of it, and nothing as large comes again: without this it stays
    // the process's for hours. The rules are in force by now, so nobody waits for it.
    private static void LetGoOfFirstList() => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);

    private void Check()
    {
        _checkNow = false;
        _lastCheck = time.GetTimestamp();
        if (_inForce is not null && !mode.IsIntact())
        {
            logger.RulesChangedByOthers(mode.Name);
            _inForce = null;
        }
    }

    private static TimeSpan Later(TimeSpan left, TimeSpan right) => left > right ? left : right;
}
