using System.Globalization;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Jobs;
using Dataplane.ControlPlane.Controllers.Machinery;

namespace Dataplane.ControlPlane.Controllers.CronJobs;

/// <summary>Creates and deletes the jobs of cron jobs.</summary>
internal sealed class CronJobWriter(KubernetesClient client, OwnWrites<Job> jobs, EventRecorder events)
{
    private const string ScheduledAt = "batch.kubernetes.io/cronjob-scheduled-timestamp";

    /// <summary>The job of one start. Its name is that of the minute, so that no start is made twice.</summary>
    public static Job Of(CronJob owner, DateTimeOffset start, TimeZoneInfo zone)
    {
        var template = owner.Spec.JobTemplate;
        var minute = start.ToUnixTimeSeconds() / 60;
        var local = TimeZoneInfo.ConvertTime(start, zone);
        return new Job
        {
            Metadata = new ObjectMeta
            {
                Name = $"{owner.Metadata.Name}-{minute.ToString(CultureInfo.InvariantCulture)}",
                Namespace = owner.Metadata.Namespace,
                Labels = new Dictionary<string, string>(template.Metadata.Labels),
                Annotations = new Dictionary<string, string>(template.Metadata.Annotations)
                {
                    [ScheduledAt] = local.ToString(local.Offset == TimeSpan.Zero ? "yyyy-MM-ddTHH:mm:ssZ" : "yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture),
                },
                OwnerReferences = [ControllerReference.To(owner)],
            },
            Spec = template.Spec,
        };
    }

    /// <summary>Creates a job, or finds it created by an earlier try; null when another's job has the name or the namespace is going.</summary>
    public async Task<Job?> CreateAsync(CronJob owner, Job job, CancellationToken cancellationToken)
    {
        try
        {
            var created = jobs.Wrote(await client.CreateAsync(job, cancellationToken).ConfigureAwait(false));
            events.Normal(owner, "SuccessfulCreate", $"Created job {created.Metadata.Name}");
            return created;
        }
        catch (ApiException error) when (error.IsAlreadyExists)
        {
            var existing = await client.GetAsync<Job>(NamespacedName.Of(job), cancellationToken).ConfigureAwait(false);
            return ControllerReference.IsControlledBy(existing.Metadata, owner.Metadata) ? jobs.Wrote(existing) : null;
        }
        catch (ApiException error) when (error.Status?.Details?.Causes.Exists(cause => cause.Reason == "NamespaceTerminating") == true)
        {
            return null;
        }
        catch (Exception error) when (error is ApiException or HttpRequestException)
        {
            events.Warning(owner, "FailedCreate", $"Error creating job: {error.Message}");
            throw;
        }
    }

    /// <summary>Deletes a job and its pods.</summary>
    public async Task DeleteAsync(CronJob owner, Job job, CancellationToken cancellationToken)
    {
        try
        {
            var options = new DeleteOptions { PropagationPolicy = "Background", Preconditions = new Preconditions { UID = job.Metadata.UID } };
            await client.DeleteAsync<Job>(NamespacedName.Of(job), options, cancellationToken).ConfigureAwait(false);
        }
        catch (ApiException error) when (error.IsNotFound)
        {
            jobs.Deleted(job);
            return;
        }
        catch (Exception error) when (error is ApiException or HttpRequestException)
        {
            events.Warning(owner, "FailedDelete", $"Deleted job: {error.Message}");
            throw;
        }

        jobs.Deleted(job);
        events.Normal(owner, "SuccessfulDelete", $"Deleted job {job.Metadata.Name}");
    }

    /// <summary>Deletes the oldest ended jobs beyond those wanted for a look back.</summary>
    public async Task TrimAsync(CronJob owner, List<Job> children, CancellationToken cancellationToken)
    {
        foreach (var (type, keep) in new[] { (JobConditions.Complete, owner.Spec.SuccessfulJobsHistoryLimit), (JobConditions.Failed, owner.Spec.FailedJobsHistoryLimit) })
        {
            if (keep is not { } limit)
            {
                continue;
            }

            var ended = children.FindAll(job => JobConditions.End(job)?.Type == type && job.Metadata.DeletionTimestamp is null);
            var oldest = ended.OrderBy(job => job.Status.StartTime ?? DateTimeOffset.MaxValue).ThenBy(job => job.Metadata.Name, StringComparer.Ordinal);
            foreach (var job in oldest.Take(Math.Max(0, ended.Count - limit)))
            {
                await DeleteAsync(owner, job, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
