using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Sync;

/// <summary>What the sync loop did, for health, metrics and observers. Written by the loop, read by anyone.</summary>
internal sealed class SyncState : IDisposable
{
    private readonly TimeProvider _time;
    private volatile SyncSnapshot _snapshot = new();

    internal SyncState(TimeProvider time)
    {
        _time = time;
        Metrics = new ProxyMetrics(this);
    }

    /// <summary>Called on the sync loop after every plan that was put into force: short, and it must not throw.</summary>
    internal event Action<ProgrammedPlan>? PlanProgrammed;

    internal ProxyMetrics Metrics { get; }

    internal SyncSnapshot Snapshot => _snapshot;

    public void Dispose() => Metrics.Dispose();

    internal void Queued((int Services, int Endpoints) pending, long? oldestChange, bool nodeEligible)
    {
        var before = _snapshot;
        var now = _time.GetUtcNow();
        Metrics.ChangesTaken(
            Math.Max(0, pending.Services - before.Pending.Services), Math.Max(0, pending.Endpoints - before.Pending.Endpoints));
        _snapshot = before with
        {
            Pending = pending,
            NodeEligible = nodeEligible,
            LastQueued = pending == before.Pending ? before.LastQueued : now,
            WaitingSince = oldestChange is { } oldest ? now - _time.GetElapsedTime(oldest) : null,
        };
    }

    internal void Programmed(ForwardingPlan plan, bool full, long started, long oldestChange, IReadOnlyList<DateTimeOffset> triggers)
    {
        var now = _time.GetUtcNow();
        var programmed = new ProgrammedPlan(plan, full, _time.GetElapsedTime(oldestChange), _time.GetElapsedTime(started));
        Metrics.Synced(programmed.Duration, full);
        foreach (var trigger in triggers)
        {
            Metrics.EndpointProgrammed(now - trigger);
        }

        _snapshot = CountStranded(plan) with { LastProgrammed = now, Programmed = programmed };
        PlanProgrammed?.Invoke(programmed);
    }

    internal void UpToDate() => _snapshot = _snapshot with { LastUpdated = _time.GetUtcNow(), WaitingSince = null, Pending = default, Failures = 0, Failure = null };

    internal void Failed(string reason) => _snapshot = _snapshot with { Failures = _snapshot.Failures + 1, Failure = reason };

    // From the difference to the plan before, so that the cost is the change's and not the cluster's.
    private SyncSnapshot CountStranded(ForwardingPlan plan)
    {
        var snapshot = _snapshot;
        var (onInternal, onExternal) = (snapshot.NoLocalInternal, snapshot.NoLocalExternal);
        foreach (var change in plan.ChangesSince(snapshot.Programmed?.Plan ?? ForwardingPlan.Empty))
        {
            onInternal += Stranded(change.After, false) - Stranded(change.Before, false);
            onExternal += Stranded(change.After, true) - Stranded(change.Before, true);
        }

        return snapshot with { NoLocalInternal = onInternal, NoLocalExternal = onExternal };
    }

    private static int Stranded(ServicePlan? service, bool external) =>
        service?.FrontEnds.Count(frontEnd => (external ? frontEnd.OutsideRoute : frontEnd.Route)?.Action == RouteAction.Drop) ?? 0;
}
