using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.Replicas;

namespace Dataplane.ControlPlane.Controllers.Jobs;

/// <summary>Which pods a job starts and stops next.</summary>
/// <param name="Stop">Pods too many; they do not count as failures.</param>
/// <param name="Start">Indexes of pods to start; null for a job without.</param>
/// <param name="Wait">How long until failures allow for more.</param>
internal sealed record JobPlan(IReadOnlyList<Pod> Stop, IReadOnlyList<int?> Start, TimeSpan Wait);

/// <summary>Keeps as many pods at work as parallelism and the work left allow. Pure.</summary>
internal static class JobPlanner
{
    /// <summary>Pods started in one pass at most; the rest follows in the next.</summary>
    private const int Burst = 500;

    public static JobPlan Next(JobView view, BackoffRecord record)
    {
        if (view.IsSuspended)
        {
            return new JobPlan(view.Active, [], TimeSpan.Zero);
        }

        var wanted = Wanted(view);
        var stop = Surplus(view, Math.Max(0, view.Active.Count - wanted));
        if (stop.Count > 0)
        {
            return new JobPlan(stop, [], TimeSpan.Zero);
        }

        var room = Math.Min(wanted - view.Active.Count - (view.ReplacesFailedOnly ? view.Terminating : 0), Burst);
        if (room <= 0)
        {
            return new JobPlan([], [], TimeSpan.Zero);
        }

        if (view.Job.Spec.BackoffLimitPerIndex is not null)
        {
            return PerIndex(view, room);
        }

        var wait = record.Remaining(view.Now);
        return wait > TimeSpan.Zero
            ? new JobPlan([], [], wait)
            : new JobPlan([], view.IsIndexed ? [.. Pending(view).Take(room).Select(index => (int?)index)] : new int?[room], TimeSpan.Zero);
    }

    private static int Wanted(JobView view)
    {
        if (view.Job.Spec.Completions is not { } completions)
        {
            // A work queue: once one pod has found it empty, no more are started.
            return view.Succeeded > 0 ? view.Active.Count : view.Parallelism;
        }

        return Math.Clamp(completions - view.Succeeded, 0, view.Parallelism);
    }

    private static List<Pod> Surplus(JobView view, int atLeast)
    {
        var order = new PodDeletionOrder(view.Active);
        var keep = view.Active.Order(order).ToList();
        if (!view.IsIndexed)
        {
            return keep[..Math.Min(atLeast, keep.Count)];
        }

        // Of two pods of an index the one further along stays; one of no index is of no use.
        var best = keep
            .Where(pod => JobPod.IndexOf(pod) < view.Completions)
            .GroupBy(JobPod.IndexOf)
            .Select(group => group.Last())
            .ToHashSet();
        var stop = keep.FindAll(pod => !best.Contains(pod));
        return [.. stop, .. keep.Where(best.Contains).Take(Math.Max(0, atLeast - stop.Count))];
    }

    /// <summary>Indexes nobody works on and that are not settled.</summary>
    private static IEnumerable<int> Pending(JobView view)
    {
        var taken = view.Indexes(view.ReplacesFailedOnly ? view.Pods.Where(pod => PodReadiness.IsActive(pod) || JobPod.IsTerminating(pod)) : view.Active).ToHashSet();
        return Enumerable.Range(0, view.Completions).Where(
            index => !taken.Contains(index) && !view.SucceededIndexes.Contains(index) && !view.FailedIndexes.Contains(index));
    }

    private static JobPlan PerIndex(JobView view, int room)
    {
        var start = new List<int?>();
        var wait = TimeSpan.MaxValue;
        foreach (var index in Pending(view))
        {
            var rest = view.LastFailed(index) is { } failed ? BackoffRecord.Remaining(failed, view.Now) : TimeSpan.Zero;
            if (rest > TimeSpan.Zero)
            {
                wait = rest < wait ? rest : wait;
            }
            else
            {
                start.Add(index);
            }

            if (start.Count == room)
            {
                break;
            }
        }

        return new JobPlan([], start, wait == TimeSpan.MaxValue ? TimeSpan.Zero : wait);
    }
}
