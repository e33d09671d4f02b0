using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.Jobs;

/// <summary>Decides whether a job has failed or succeeded. Pure.</summary>
internal static class JobVerdict
{
    /// <summary>A FailureTarget or SuccessCriteriaMet condition; null while the job goes on.</summary>
    public static JobCondition? Of(JobView view)
    {
        // What has been decided stays decided.
        var decided = JobConditions.Find(view.Job, JobConditions.FailureTarget) ?? JobConditions.Find(view.Job, JobConditions.SuccessCriteriaMet);
        if (decided is not null)
        {
            return decided;
        }

        if (Failure(view) is var (reason, message))
        {
            return JobConditions.New(JobConditions.FailureTarget, true, reason, message, view.Now);
        }

        return view.IsIndexed && SuccessPolicy(view) is { } rule
            ? JobConditions.New(JobConditions.SuccessCriteriaMet, true, "SuccessPolicy", $"Matched rules at index {rule}", view.Now)
            : null;
    }

    /// <summary>Whether all that was wanted has been done. Only meaningful when nothing else was decided and nothing is left to start.</summary>
    public static JobCondition? Done(JobView view, int active)
    {
        var done = active == 0 && (view.Job.Spec.Completions is { } completions ? view.Succeeded >= completions : view.Succeeded > 0);
        return done
            ? JobConditions.New(
                JobConditions.SuccessCriteriaMet, true, "CompletionsReached", "Reached expected number of succeeded pods", view.Now)
            : null;
    }

    /// <summary>When an active job will have been so for too long.</summary>
    public static DateTimeOffset? Deadline(Job job, DateTimeOffset? started) =>
        job.Spec.ActiveDeadlineSeconds is { } seconds && started is { } start && job.Spec.Suspend != true ? start.AddSeconds(seconds) : null;

    private static (string Reason, string Message)? Failure(JobView view)
    {
        var job = view.Job;
        if (job.Spec.PodFailurePolicy is not null)
        {
            var verdict = view.Pods.Where(pod => JobPod.HasFailed(job, pod)).Select(pod => FailureRules.Match(job, pod)).FirstOrDefault(verdict => verdict.Message is not null);
            if (verdict is not null)
            {
                return ("PodFailurePolicy", verdict.Message!);
            }
        }

        if (view.Failed > (job.Spec.BackoffLimit ?? 6) || RestartsExceeded(view))
        {
            return ("BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }

        if (Deadline(job, job.Status.StartTime) <= view.Now)
        {
            return ("DeadlineExceeded", "Job was active longer than specified deadline");
        }

        if (view.FailedIndexes.Count == 0)
        {
            return null;
        }

        if (view.FailedIndexes.Count > (job.Spec.MaxFailedIndexes ?? int.MaxValue))
        {
            return ("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
        }

        return view.FailedIndexes.Count + view.SucceededIndexes.Count >= view.Completions ? ("FailedIndexes", "Job has failed indexes") : null;
    }

    /// <summary>With OnFailure the kubelet starts containers again: their restarts are the failures.</summary>
    private static bool RestartsExceeded(JobView view)
    {
        if (view.Job.Spec.Template.Spec.RestartPolicy != "OnFailure")
        {
            return false;
        }

        var restarts = view.Pods
            .Where(pod => pod.Status.Phase is "Running" or "Pending")
            .Sum(pod => pod.Status.InitContainerStatuses.Concat(pod.Status.ContainerStatuses).Sum(status => status.RestartCount));
        var limit = view.Job.Spec.BackoffLimit ?? 6;
        return limit == 0 ? restarts > 0 : restarts >= limit;
    }

    /// <summary>The first rule of the success policy that is met. Source: KEP-3998.</summary>
    private static int? SuccessPolicy(JobView view)
    {
        var rules = view.Job.Spec.SuccessPolicy?.Rules ?? [];
        for (var i = 0; i < rules.Count; i++)
        {
            var named = rules[i].SucceededIndexes is { } text ? IndexSet.Parse(text, view.Completions) : null;
            var succeeded = named is null ? view.SucceededIndexes.Count : named.CountCommon(view.SucceededIndexes);
            if (rules[i].SucceededCount is { } count ? succeeded >= count : named is not null && succeeded >= named.Count)
            {
                return i;
            }
        }

        return null;
    }
}
