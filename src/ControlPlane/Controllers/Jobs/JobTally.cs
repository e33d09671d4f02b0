using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.Jobs;

/// <summary>The pods that can be counted and let go.</summary>
/// <param name="Status">The job's status with them noted, by uid or by index.</param>
/// <param name="Release">The pods whose finalizer may come off once that status is written.</param>
/// <param name="Full">More are left for the next pass.</param>
internal sealed record JobTally(JobStatus Status, IReadOnlyList<Pod> Release, bool Full)
{
    /// <summary>So many uids fit into one status.</summary>
    private const int MaxUncounted = 500;

    /// <summary>Notes the pods that have ended. Pure.</summary>
    /// <param name="view">The job and its pods.</param>
    /// <param name="verdict">Whether the job has failed or succeeded: then every pod left is let go.</param>
    public static JobTally Of(JobView view, JobCondition? verdict)
    {
        var job = view.Job;
        var uncounted = job.Status.UncountedTerminatedPods ?? new UncountedTerminatedPods();
        var (succeeded, failed) = (new List<string>(uncounted.Succeeded), new List<string>(uncounted.Failed));
        var indexes = new List<int>();
        var release = new List<Pod>();
        var all = verdict is not null || job.Metadata.DeletionTimestamp is not null;
        var full = false;
        foreach (var pod in view.Pods.Where(JobPod.IsTracked).OrderBy(pod => JobPod.FinishedAt(pod, view.Now)))
        {
            var hasFailed = JobPod.HasFailed(job, pod);
            if (!all && (!(hasFailed || pod.Status.Phase == "Succeeded") || IsKept(view, pod)))
            {
                continue;
            }

            release.Add(pod);
            var uid = pod.Metadata.UID;
            var index = JobPod.IndexOf(pod);
            var valid = !view.IsIndexed || index < view.Completions;
            if (pod.Status.Phase == "Succeeded" && !failed.Contains(uid))
            {
                if (!view.IsIndexed && !succeeded.Contains(uid))
                {
                    succeeded.Add(uid);
                }
                else if (view.IsIndexed && valid && !view.PreviousSucceeded.Contains(index!.Value))
                {
                    indexes.Add(index.Value);
                }
            }
            else if (valid && (hasFailed || verdict?.Type == JobConditions.FailureTarget) && !failed.Contains(uid) && FailureRules.Match(job, pod).Counts)
            {
                failed.Add(uid);
            }

            if (succeeded.Count + failed.Count + indexes.Count >= MaxUncounted)
            {
                full = true;
                break;
            }
        }

        var status = job.Status with { UncountedTerminatedPods = new UncountedTerminatedPods { Succeeded = succeeded, Failed = failed } };
        return new JobTally(view.IsIndexed ? WithIndexes(status, view, indexes) : status, release, full);
    }

    /// <summary>Moves uids into the counters once their pods no longer wait for it.</summary>
    /// <param name="status">The status with the uids.</param>
    /// <param name="waiting">Uids of pods that still have the finalizer.</param>
    public static JobStatus Settle(JobStatus status, IReadOnlySet<string> waiting)
    {
        var uncounted = status.UncountedTerminatedPods!;
        var (succeeded, failed) = (uncounted.Succeeded.FindAll(waiting.Contains), uncounted.Failed.FindAll(waiting.Contains));
        return status with
        {
            Succeeded = NonZero((status.Succeeded ?? 0) + uncounted.Succeeded.Count - succeeded.Count),
            Failed = NonZero((status.Failed ?? 0) + uncounted.Failed.Count - failed.Count),
            UncountedTerminatedPods = new UncountedTerminatedPods { Succeeded = succeeded, Failed = failed },
        };
    }

    /// <summary>The API leaves zero counts out.</summary>
    public static int? NonZero(int count) => count == 0 ? null : count;

    private static JobStatus WithIndexes(JobStatus status, JobView view, List<int> indexes)
    {
        var succeeded = view.PreviousSucceeded.Union(IndexSet.Of(indexes));
        return status with
        {
            Succeeded = NonZero(succeeded.Count),
            CompletedIndexes = succeeded.Count == 0 ? null : succeeded.ToString(),
            FailedIndexes = view.Job.Spec.BackoffLimitPerIndex is null ? null : view.FailedIndexes.ToString(),
        };
    }

    /// <summary>The last failed pod of an index still to be tried again tells how often it has failed: it stays until then.</summary>
    private static bool IsKept(JobView view, Pod pod)
    {
        if (view.Job.Spec.BackoffLimitPerIndex is null || pod.Status.Phase == "Succeeded" || JobPod.IndexOf(pod) is not { } index || index >= view.Completions)
        {
            return false;
        }

        return !view.SucceededIndexes.Contains(index)
            && !view.FailedIndexes.Contains(index)
            && !view.Indexes(view.Active).Contains(index)
            && view.LastFailed(index) == pod;
    }
}
