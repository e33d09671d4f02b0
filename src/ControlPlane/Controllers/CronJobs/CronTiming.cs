using Dataplane.Api;

namespace Dataplane.ControlPlane.Controllers.CronJobs;

/// <summary>Which start of a cron job is due. Pure.</summary>
/// <param name="Due">The latest start that has come and was not made; null when none has.</param>
/// <param name="TooMany">More than a hundred were missed: the clock or the controller has been away for long.</param>
internal readonly record struct CronTiming(DateTimeOffset? Due, bool TooMany)
{
    private const int ManyMissed = 100;

    /// <param name="job">The cron job.</param>
    /// <param name="schedule">Its schedule.</param>
    /// <param name="zone">Its time zone.</param>
    /// <param name="now">The time.</param>
    public static CronTiming Of(CronJob job, CronSchedule schedule, TimeZoneInfo zone, DateTimeOffset now)
    {
        var since = job.Status.LastScheduleTime ?? job.Metadata.CreationTimestamp ?? now;
        if (job.Spec.StartingDeadlineSeconds is { } deadline && now.AddSeconds(-deadline) > since)
        {
            // Older ones may not be started any more.
            since = now.AddSeconds(-deadline);
        }

        if (schedule.Next(since, zone) is not { } due || due > now)
        {
            return default;
        }

        var missed = 1;
        while (missed <= ManyMissed && schedule.Next(due, zone) is { } next && next <= now)
        {
            due = next;
            missed++;
        }

        return missed <= ManyMissed ? new CronTiming(due, false) : new CronTiming(Latest(schedule, zone, due, now), true);
    }

    /// <summary>The last start up to now, found from ever earlier, and not from long ago one by one.</summary>
    private static DateTimeOffset Latest(CronSchedule schedule, TimeZoneInfo zone, DateTimeOffset known, DateTimeOffset now)
    {
        for (var back = TimeSpan.FromMinutes(1); now - back > known; back *= 2)
        {
            if (schedule.Next(now - back, zone) is { } next && next <= now)
            {
                known = next;
                break;
            }
        }

        while (schedule.Next(known, zone) is { } later && later <= now)
        {
            known = later;
        }

        return known;
    }
}
