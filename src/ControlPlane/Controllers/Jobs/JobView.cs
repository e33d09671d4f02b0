using Dataplane.Api;
using Dataplane.ControlPlane.Controllers.EndpointSlices;
using Dataplane.ControlPlane.Controllers.Replicas;

namespace Dataplane.ControlPlane.Controllers.Jobs;

/// <summary>A job and its pods as seen in one pass, and what follows from them.</summary>
internal sealed class JobView
{
    /// <param name="job">The job.</param>
    /// <param name="pods">Its pods. Those whose finalizer has been taken off, seen or not, must not have it here.</param>
    /// <param name="now">The time.</param>
    public JobView(Job job, IEnumerable<Pod> pods, DateTimeOffset now)
    {
        (Job, Pods, Now) = (job, [.. pods], now);
        Active = Pods.FindAll(PodReadiness.IsActive);
        Ready = Active.Count(PodEndpoints.IsReady);
        Terminating = Pods.Count(JobPod.IsTerminating);
        var uncounted = job.Status.UncountedTerminatedPods ?? new UncountedTerminatedPods();
        NewSucceeded = Pods.FindAll(pod => IsNew(pod, uncounted) && pod.Status.Phase == "Succeeded");
        NewFailed = Pods.FindAll(pod => IsNew(pod, uncounted) && JobPod.HasFailed(job, pod));
        Failed = (job.Status.Failed ?? 0) + uncounted.Failed.Count + NewFailed.Count(pod => FailureRules.Match(job, pod).Counts);
        if (IsIndexed)
        {
            PreviousSucceeded = IndexSet.Parse(job.Status.CompletedIndexes, Completions);
            SucceededIndexes = PreviousSucceeded.Union(IndexSet.Of(Indexes(Pods.FindAll(pod => JobPod.IsTracked(pod) && pod.Status.Phase == "Succeeded"))));
            Succeeded = SucceededIndexes.Count;
            FailedIndexes = job.Spec.BackoffLimitPerIndex is null
                ? IndexSet.Empty
                : IndexSet.Parse(job.Status.FailedIndexes, Completions).Union(IndexSet.Of(Indexes(Pods.FindAll(pod => JobPod.IsTracked(pod) && FailsIndex(pod)))));
        }
        else
        {
            Succeeded = (job.Status.Succeeded ?? 0) + uncounted.Succeeded.Count + NewSucceeded.Count;
        }
    }

    public Job Job { get; }

    public List<Pod> Pods { get; }

    public DateTimeOffset Now { get; }

    /// <summary>Neither ended nor ending.</summary>
    public List<Pod> Active { get; }

    public int Ready { get; }

    /// <summary>Asked to end and not ended.</summary>
    public int Terminating { get; }

    /// <summary>Succeeded pods that the status does not speak of yet.</summary>
    public List<Pod> NewSucceeded { get; }

    /// <summary>Failed pods that the status does not speak of yet.</summary>
    public List<Pod> NewFailed { get; }

    public int Succeeded { get; }

    /// <summary>Failures that count.</summary>
    public int Failed { get; }

    public IndexSet PreviousSucceeded { get; } = IndexSet.Empty;

    public IndexSet SucceededIndexes { get; } = IndexSet.Empty;

    public IndexSet FailedIndexes { get; } = IndexSet.Empty;

    public bool IsIndexed => Job.Spec.CompletionMode == "Indexed";

    public bool IsSuspended => Job.Spec.Suspend == true;

    public int Completions => Job.Spec.Completions ?? 0;

    public int Parallelism => Job.Spec.Parallelism ?? 1;

    /// <summary>A place is taken until its pod has failed for good.</summary>
    public bool ReplacesFailedOnly => Job.Spec.PodReplacementPolicy == "Failed";

    /// <summary>The failed pod that tells how often an index has failed: the one that was tried last.</summary>
    public Pod? LastFailed(int index) => Pods
        .Where(pod => JobPod.IndexOf(pod) == index && JobPod.IsTracked(pod) && JobPod.HasFailed(Job, pod))
        .MaxBy(pod => JobPod.Failures(pod) + JobPod.Ignored(pod));

    /// <summary>The valid indexes of pods.</summary>
    public IEnumerable<int> Indexes(IEnumerable<Pod> pods) => pods.Select(JobPod.IndexOf).Where(index => index < Completions).Select(index => index!.Value);

    private static bool IsNew(Pod pod, UncountedTerminatedPods uncounted) =>
        JobPod.IsTracked(pod) && !uncounted.Succeeded.Contains(pod.Metadata.UID) && !uncounted.Failed.Contains(pod.Metadata.UID);

    private bool FailsIndex(Pod pod)
    {
        if (!JobPod.HasFailed(Job, pod))
        {
            return false;
        }

        var verdict = FailureRules.Match(Job, pod);
        return verdict.Action == "FailIndex" || (verdict.Counts && JobPod.Failures(pod) >= Job.Spec.BackoffLimitPerIndex);
    }
}
