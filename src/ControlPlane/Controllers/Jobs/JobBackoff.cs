using System.Collections.Concurrent;
using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.Jobs;

/// <summary>How many pods of a job have failed since one last succeeded, and when.</summary>
/// <param name="Failures">Failures since the last success.</param>
/// <param name="LastFailure">When the last one was.</param>
internal readonly record struct BackoffRecord(int Failures, DateTimeOffset LastFailure)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>How long a next try has to wait: ten seconds after the first failure, then twice as long each time, ten minutes at most.</summary>
    public TimeSpan Remaining(DateTimeOffset now) => Failures == 0 ? TimeSpan.Zero : Delay(Failures) - (now - LastFailure);

    /// <summary>The same for one index of a job that counts failures for each.</summary>
    public static TimeSpan Remaining(Pod failed, DateTimeOffset now) =>
        Delay(JobPod.Failures(failed) + JobPod.Ignored(failed) + 1) - (now - JobPod.FinishedAt(failed, now));

    private static TimeSpan Delay(int failures) =>
        failures > 10 ? Longest : TimeSpan.FromTicks(Math.Min(First.Ticks << (failures - 1), Longest.Ticks));
}

/// <summary>The records of all jobs. Lost at a restart, as upstream's are: the first retry then comes at once.</summary>
internal sealed class JobBackoff
{
    private readonly ConcurrentDictionary<string, BackoffRecord> _records = [];

    /// <summary>The record with the pods that have just ended counted in.</summary>
    public BackoffRecord With(JobView view)
    {
        var record = _records.GetValueOrDefault(view.Job.Metadata.UID);
        var ended = view.NewSucceeded.Select(pod => (At: JobPod.FinishedAt(pod, view.Now), Failed: false))
            .Concat(view.NewFailed.Select(pod => (At: JobPod.FinishedAt(pod, view.Now), Failed: true)));
        foreach (var (at, failed) in ended.OrderBy(item => item.At))
        {
            record = failed ? new BackoffRecord(record.Failures + 1, at) : default;
        }

        return record;
    }

    /// <summary>Keeps a record, once the pods in it are in the job's status and will not be counted in again.</summary>
    public void Keep(Job job, BackoffRecord record) => _records[job.Metadata.UID] = record;

    public void Forget(Job job) => _records.TryRemove(job.Metadata.UID, out _);
}
