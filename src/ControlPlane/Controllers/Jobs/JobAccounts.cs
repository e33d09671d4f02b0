using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;

namespace Dataplane.ControlPlane.Controllers.Jobs;

/// <summary>
/// Counts each pod of a job exactly once, whatever fails between: a pod is noted in the status by its uid, then loses its finalizer,
/// then moves into the counters. Source: KEP-2307.
/// </summary>
internal sealed class JobAccounts(KubernetesClient client, OwnWrites<Job> jobs, ReleasedPods released, EventRecorder events)
{
    /// <summary>Counts pods that have ended, lets them go, and ends the job when all is done.</summary>
    /// <param name="before">The job as the server has it.</param>
    /// <param name="view">The job with what changes in its status so far, and its pods.</param>
    /// <param name="verdict">Whether the job has failed or succeeded.</param>
    /// <param name="mayEnd">Whether no pod is left, or every one left was asked to end and has.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task SettleAsync(Job before, JobView view, JobCondition? verdict, bool mayEnd, CancellationToken cancellationToken)
    {
        var tally = JobTally.Of(view, verdict);
        var status = tally.Status;
        if (verdict is not null)
        {
            status = status with { Conditions = JobConditions.With(status.Conditions, verdict) };
        }

        var job = before;
        if (tally.Release.Count > 0 || status.Conditions.Count != before.Status.Conditions.Count)
        {
            job = await WriteAsync(job, status, cancellationToken).ConfigureAwait(false);
        }

        await Task.WhenAll(tally.Release.Select(pod => released.ReleaseAsync(pod, cancellationToken))).ConfigureAwait(false);
        var waiting = view.Pods.Where(JobPod.IsTracked).Except(tally.Release).Select(pod => pod.Metadata.UID).ToHashSet();
        status = JobTally.Settle(status, waiting);
        var uncounted = status.UncountedTerminatedPods!;
        JobCondition? end = null;
        if (verdict is not null && mayEnd && !tally.Full && uncounted.Succeeded.Count + uncounted.Failed.Count == 0)
        {
            end = JobConditions.Final(verdict, view.Now);
            status = status with
            {
                Conditions = JobConditions.With(status.Conditions, end),
                CompletionTime = end.Type == JobConditions.Complete ? view.Now : null,
            };
        }

        job = await WriteAsync(job, status, cancellationToken).ConfigureAwait(false);
        if (end is not null)
        {
            Tell(job, end);
        }
    }

    private async Task<Job> WriteAsync(Job job, JobStatus status, CancellationToken cancellationToken) =>
        ApiJson.SameContent(job.Status, status)
            ? job
            : jobs.Wrote(await client.UpdateStatusAsync(job with { Status = status }, cancellationToken).ConfigureAwait(false));

    private void Tell(Job job, JobCondition end)
    {
        if (end.Type == JobConditions.Failed)
        {
            events.Warning(job, end.Reason ?? "", end.Message ?? "");
            return;
        }

        if (job.Spec.Completions is { } completions && job.Status.Succeeded > completions)
        {
            events.Warning(job, "TooManySucceededPods", "Too many succeeded pods running after completion count reached");
        }

        events.Normal(job, "Completed", "Job completed");
    }
}
