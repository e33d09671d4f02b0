using System.Net.Sockets;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Sync;

/// <summary>What the sync loop did, for health, metrics and observers. Written by the loop, read by anyone.</summary>
internal sealed class SyncState : IDisposable
{
    private readonly TimeProvider _time;
    private volatile SyncSnapshot _snapshot = new();

    /// <param name="time">Clock.</param>
    /// <param name="mode">The mode, whose metrics there are beside those of all.</param>
    internal SyncState(TimeProvider time, string mode)
    {
        _time = time;
        Metrics = new ProxyMetrics(this, mode);
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

    internal void Programmed(ForwardingPlan plan, bool full, long started, long oldestChange, IReadOnlyList<EndpointTrigger> triggers)
    {
        var now = _time.GetUtcNow();
        var programmed = new ProgrammedPlan(plan, full, _time.GetElapsedTime(oldestChange), _time.GetElapsedTime(started));
        Metrics.Synced(programmed.Duration, full);
        foreach (var trigger in triggers)
        {
            Metrics.EndpointProgrammed(trigger.Family, now - trigger.At);
        }

        _snapshot = CountStranded(plan) with { LastProgrammed = now, Programmed = programmed };
        PlanProgrammed?.Invoke(programmed);
    }

    internal void UpToDate() => _snapshot = _snapshot with { LastUpdated = _time.GetUtcNow(), WaitingSince = null, Pending = default, Failures = 0, Failure = null };

    /// <param name="reason">The kernel's.</param>
    /// <param name="full">Every rule was to be written, not only what changed.</param>
    internal void Failed(string reason, bool full)
    {
        Metrics.Failed(full);
        _snapshot = _snapshot with { Failures = _snapshot.Failures + 1, Failure = reason };
    }

    // From the difference to the plan before, so that the cost is the change's and not the cluster's.
    private SyncSnapshot CountStranded(ForwardingPlan plan)
    {
        var snapshot = _snapshot;
        var stranded = snapshot.Stranded;
        foreach (var change in plan.ChangesSince(snapshot.Programmed?.Plan ?? ForwardingPlan.Empty))
        {
            foreach (var key in Stranded(change.After))
            {
                stranded = stranded.SetItem(key, stranded.GetValueOrDefault(key) + 1);
            }

            foreach (var key in Stranded(change.Before))
            {
                stranded = stranded.SetItem(key, stranded.GetValueOrDefault(key) - 1);
            }
        }

        return snapshot with { Stranded = stranded };
    }

    // Once for each service port, whatever number of front ends it has.
    private static IEnumerable<(string Family, string Policy)> Stranded(ServicePlan? service) => (service?.FrontEnds ?? [])
        .SelectMany(plan => new[] { (Policy: "internal", plan.Route), (Policy: "external", Route: plan.OutsideRoute ?? Route.Reject) }
            .Where(way => way.Route.Action == RouteAction.Drop).Select(way => (plan.ServicePort, Family: IPFamilies.NameOf(plan.FrontEnd.Family), way.Policy)))
        .Distinct().Select(port => (port.Family, port.Policy));
}

/// <summary>When a change of endpoints happened, as its author says.</summary>
/// <param name="Family">The endpoints'.</param>
/// <param name="At">The time.</param>
internal readonly record struct EndpointTrigger(AddressFamily Family, DateTimeOffset At);
