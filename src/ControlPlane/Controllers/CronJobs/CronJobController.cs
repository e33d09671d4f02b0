using System.Globalization;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Jobs;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.CronJobs;

/// <summary>Starts the jobs of cron jobs when they are due.</summary>
internal sealed class CronJobController : Controller
{
    /// <summary>A moment after the full minute, so that the clock surely shows it.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(100);

    private readonly KubernetesClient _client;
    private readonly Lister<CronJob> _cache;
    private readonly OwnWrites<CronJob> _cronJobs;
    private readonly OwnWrites<Job> _jobs;
    private readonly CronJobWriter _writer;
    private readonly EventRecorder _events;

    public CronJobController(KubernetesClient client, SharedInformers informers, EventRecorder events, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _events = events;
        _cache = informers.Of<CronJob>();
        var jobs = informers.Of<Job>();
        _cronJobs = new OwnWrites<CronJob>(_cache, time);
        _jobs = new OwnWrites<Job>(jobs, time);
        _writer = new CronJobWriter(client, _jobs, events);
        _cache.OnChange(job => Queue.Add(NamespacedName.Of(job)));
        jobs.OnChange(job =>
        {
            if (OwnerRouting.Controller<CronJob>(job.Metadata) is { } owner)
            {
                Queue.Add(owner);
            }
        });
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (!_cache.TryGet(key, out var cached))
        {
            return;
        }

        var before = _cronJobs.Newest(cached);
        var children = _jobs.In(key.Namespace).FindAll(job => ControllerReference.IsControlledBy(job.Metadata, before.Metadata));
        var cronJob = await ObserveAsync(before, children, cancellationToken).ConfigureAwait(false);
        if (before.Metadata.DeletionTimestamp is null)
        {
            cronJob = await RunAsync(cronJob, children, cancellationToken).ConfigureAwait(false);
        }

        if (!ApiJson.SameContent(before.Status, cronJob.Status))
        {
            _cronJobs.Wrote(await _client.UpdateStatusAsync(cronJob, cancellationToken).ConfigureAwait(false));
        }

        await _writer.TrimAsync(cronJob, children, cancellationToken).ConfigureAwait(false);
    }

    private static CronJob WithActive(CronJob cronJob, IEnumerable<ObjectReference> active) =>
        cronJob with { Status = cronJob.Status with { Active = [.. active] } };

    /// <summary>Takes note of jobs that have ended or gone.</summary>
    private async Task<CronJob> ObserveAsync(CronJob cronJob, List<Job> children, CancellationToken cancellationToken)
    {
        var active = new List<ObjectReference>(cronJob.Status.Active);
        var lastSuccess = cronJob.Status.LastSuccessfulTime;
        foreach (var job in children)
        {
            var end = JobConditions.End(job);
            var known = active.RemoveAll(reference => end is not null && reference.UID == job.Metadata.UID) > 0;
            if (known)
            {
                _events.Normal(cronJob, "SawCompletedJob", $"Saw completed job: {job.Metadata.Name}, condition: {end!.Type}");
            }
            else if (end is null && !active.Exists(reference => reference.UID == job.Metadata.UID))
            {
                _events.Warning(cronJob, "UnexpectedJob", $"Saw a job that the controller did not create or forgot: {job.Metadata.Name}");
            }

            if (end?.Type == JobConditions.Complete && job.Status.CompletionTime is { } completed && !(completed <= lastSuccess))
            {
                lastSuccess = completed;
            }
        }

        foreach (var reference in active.Where(reference => !children.Exists(job => job.Metadata.UID == reference.UID)).ToList())
        {
            if (!await ExistsAsync(cronJob, reference, cancellationToken).ConfigureAwait(false))
            {
                _events.Normal(cronJob, "MissingJob", $"Active job went missing: {reference.Name}");
                active.Remove(reference);
            }
        }

        return cronJob with { Status = cronJob.Status with { Active = active, LastSuccessfulTime = lastSuccess } };
    }

    private async Task<bool> ExistsAsync(CronJob cronJob, ObjectReference reference, CancellationToken cancellationToken)
    {
        try
        {
            var job = await _client.GetAsync<Job>(cronJob.Metadata.Namespace, reference.Name ?? "", cancellationToken).ConfigureAwait(false);
            return job.Metadata.UID == reference.UID;
        }
        catch (ApiException error) when (error.IsNotFound)
        {
            return false;
        }
    }

    private async Task<CronJob> RunAsync(CronJob cronJob, List<Job> children, CancellationToken cancellationToken)
    {
        if (Zone(cronJob) is not { } zone || cronJob.Spec.Suspend == true || Schedule(cronJob) is not { } schedule)
        {
            return cronJob;
        }

        var now = Time.GetUtcNow();
        if (schedule.Next(now, zone) is not { } next)
        {
            // The 31st of February: a valid schedule of no day. The reason is upstream's, which sees two starts at no time.
            _events.Warning(cronJob, "InvalidSchedule", $"invalid schedule: {cronJob.Spec.Schedule} : time difference between two schedules is less than 1 second");
            return cronJob;
        }

        Queue.AddAfter(NamespacedName.Of(cronJob), next - now + Slack);

        var timing = CronTiming.Of(cronJob, schedule, zone, now);
        if (timing.Due is not { } start)
        {
            return cronJob;
        }

        if (timing.TooMany)
        {
            _events.Warning(
                cronJob,
                "TooManyMissedTimes",
                "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew");
        }

        if (cronJob.Spec.StartingDeadlineSeconds is { } deadline && start.AddSeconds(deadline) < now)
        {
            var time = start.UtcDateTime.ToString("ddd, dd MMM yyyy HH:mm:ss +0000", CultureInfo.InvariantCulture);
            _events.Warning(cronJob, "MissSchedule", $"Missed scheduled time to start a job: {time}");
            return cronJob;
        }

        return await StartAsync(cronJob, children, start, zone, cancellationToken).ConfigureAwait(false);
    }

    private async Task<CronJob> StartAsync(
        CronJob cronJob, List<Job> children, DateTimeOffset start, TimeZoneInfo zone, CancellationToken cancellationToken)
    {
        if (cronJob.Spec.ConcurrencyPolicy == "Forbid" && cronJob.Status.Active.Count > 0)
        {
            _events.Normal(
                cronJob, "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid");
            return cronJob;
        }

        if (cronJob.Spec.ConcurrencyPolicy == "Replace")
        {
            foreach (var job in children.Where(job => cronJob.Status.Active.Exists(reference => reference.UID == job.Metadata.UID)))
            {
                await _writer.DeleteAsync(cronJob, job, cancellationToken).ConfigureAwait(false);
            }

            cronJob = WithActive(cronJob, []);
        }

        var created = await _writer.CreateAsync(cronJob, CronJobWriter.Of(cronJob, start, zone), cancellationToken).ConfigureAwait(false);
        if (created is null)
        {
            return cronJob;
        }

        var reference = new ObjectReference
        {
            ApiVersion = Job.Resource.ApiVersion,
            Kind = Job.Resource.Kind,
            Namespace = created.Metadata.Namespace,
            Name = created.Metadata.Name,
            UID = created.Metadata.UID,
            ResourceVersion = created.Metadata.ResourceVersion,
        };
        cronJob = WithActive(cronJob, cronJob.Status.Active.Where(known => known.UID != reference.UID).Append(reference));
        return cronJob with { Status = cronJob.Status with { LastScheduleTime = start } };
    }

    private TimeZoneInfo? Zone(CronJob cronJob)
    {
        if (cronJob.Spec.TimeZone is not { } name)
        {
            return Time.LocalTimeZone;
        }

        if (TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone))
        {
            return zone;
        }

        _events.Warning(cronJob, "UnknownTimeZone", $"invalid timeZone: \"{name}\": unknown time zone {name}");
        return null;
    }

    private CronSchedule? Schedule(CronJob cronJob)
    {
        try
        {
            return CronSchedule.Parse(cronJob.Spec.Schedule);
        }
        catch (FormatException error)
        {
            _events.Warning(cronJob, "UnparseableSchedule", $"unparseable schedule: \"{cronJob.Spec.Schedule}\" : {error.Message}");
            return null;
        }
    }
}
