using System.Text;
using Dataplane.Api;
using Dataplane.Api.Client;

namespace Dataplane.ControlPlane.Tests.Controllers;

public sealed class CronJobTests
{
    private static readonly NamespacedName Tick = new("default", "tick");

    [Fact]
    public async Task A_job_starts_at_each_time_of_the_schedule_under_the_name_of_the_minute()
    {
        var time = new ShiftedTime();
        await using var cluster = await TestCluster.StartAsync(time: time);
        await cluster.Client.CreateAsync(CronJob(spec => spec.TimeZone = "Asia/Kolkata"), cluster.Cancellation);
        await PassMinuteAsync(cluster, time);

        var job = Assert.Single(await cluster.UntilAsync<Job>("a job", list => list.Count == 1));
        var cronJob = await UntilAsync(cluster, "scheduled", status => status is { Active.Count: 1, LastScheduleTime: not null });
        Assert.Equal($"tick-{cronJob.Status.LastScheduleTime!.Value.ToUnixTimeSeconds() / 60}", job.Metadata.Name);
        Assert.Equal(job.Metadata.UID, cronJob.Status.Active[0].UID);
        Assert.Equal("x", job.Metadata.Labels["team"]);
        Assert.EndsWith("+05:30", job.Metadata.Annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"]);
        var owner = Assert.Single(job.Metadata.OwnerReferences);
        Assert.Equal(("CronJob", "tick", true), (owner.Kind, owner.Name, owner.Controller));

        await cluster.EndAsync(Assert.Single(await cluster.UntilAsync<Pod>("a pod", list => list.Count == 1, "app=work")));
        await UntilAsync(cluster, "seen complete", status => status is { Active.Count: 0, LastSuccessfulTime: not null });
        await cluster.UntilAsync<Event>("told", events => events.Exists(item => item.Message == $"Saw completed job: {job.Metadata.Name}, condition: Complete"));

        await cluster.Client.DeleteAsync<CronJob>(Tick, new DeleteOptions { PropagationPolicy = "Background" }, cluster.Cancellation);
        await cluster.UntilAsync<Job>("none", list => list.Count == 0);
        await cluster.UntilAsync<Pod>("none", list => list.Count == 0, "app=work");
    }

    [Fact]
    public async Task A_schedule_of_no_day_is_told()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.Client.CreateAsync(CronJob(spec => spec.Schedule = "59 23 31 2 *"), cluster.Cancellation);

        await cluster.UntilAsync<Event>("told", events => events.Exists(item => item is
        {
            Type: "Warning",
            Reason: "InvalidSchedule",
            Message: "invalid schedule: 59 23 31 2 * : time difference between two schedules is less than 1 second",
        }));
    }

    /// <summary>The policy, and the jobs there are after the second start is due while the first runs.</summary>
    [Theory]
    [InlineData("Allow", 2, null)]
    [InlineData("Forbid", 1, "JobAlreadyActive")]
    [InlineData("Replace", 1, "SuccessfulDelete")]
    public async Task A_start_while_another_runs_follows_the_policy(string policy, int jobs, string? told)
    {
        var time = new ShiftedTime();
        await using var cluster = await TestCluster.StartAsync(time: time);
        await cluster.Client.CreateAsync(CronJob(spec => spec.ConcurrencyPolicy = policy), cluster.Cancellation);
        await PassMinuteAsync(cluster, time);
        var first = Assert.Single(await cluster.UntilAsync<Job>("a job", list => list.Count == 1));
        await UntilAsync(cluster, "active", status => status.Active.Count == 1);

        await PassMinuteAsync(cluster, time);
        if (told is not null)
        {
            await cluster.UntilAsync<Event>("told", events => events.Exists(item => item.Reason == told && item.InvolvedObject.Name == "tick"));
        }

        var list = await cluster.UntilAsync<Job>(
            "settled", list => list.Count == jobs && (policy == "Replace") != list.Exists(job => job.Metadata.UID == first.Metadata.UID));
        await UntilAsync(cluster, "known", status => status.Active.Select(item => item.UID).ToHashSet().SetEquals(list.Select(job => job.Metadata.UID)));
    }

    [Fact]
    public async Task Only_so_many_ended_jobs_are_kept()
    {
        var time = new ShiftedTime();
        await using var cluster = await TestCluster.StartAsync(time: time);
        await cluster.Client.CreateAsync(CronJob(spec => spec.SuccessfulJobsHistoryLimit = 1), cluster.Cancellation);
        var last = "";
        for (var i = 1; i <= 3; i++)
        {
            await PassMinuteAsync(cluster, time);
            var jobs = await cluster.UntilAsync<Job>("a job", list => list.Exists(job => job.Metadata.Name != last && job.Status is { Active: 1 }));
            last = jobs.Single(job => job.Status is { Active: 1 }).Metadata.Name;
            var pods = await cluster.UntilAsync<Pod>("its pod", list => list.Exists(pod => pod.Status.Phase == "Pending"), "app=work");
            await cluster.EndAsync(pods.Single(pod => pod.Status.Phase == "Pending"));
            await cluster.UntilAsync<Job>("one ended", list => list.Count == 1 && list[0].Metadata.Name == last && list[0].Status.CompletionTime is not null);
        }
    }

    [Fact]
    public async Task A_suspended_one_starts_nothing_and_makes_up_for_the_last_start_only()
    {
        var time = new ShiftedTime();
        await using var cluster = await TestCluster.StartAsync(time: time);
        await cluster.Client.CreateAsync(CronJob(spec => spec.Suspend = true), cluster.Cancellation);
        time.Advance(TimeSpan.FromMinutes(10));
        Assert.Empty(await cluster.ListAsync<Job>());

        await cluster.Client.PatchAsync<CronJob>(Tick, PatchType.Merge, """{"spec":{"suspend":false}}"""u8.ToArray(), cancellationToken: cluster.Cancellation);
        var cronJob = await UntilAsync(cluster, "made up for", status => status.LastScheduleTime is not null);
        Assert.InRange(time.GetUtcNow() - cronJob.Status.LastScheduleTime!.Value, TimeSpan.Zero, TimeSpan.FromMinutes(2));
    }

    [Theory]
    [InlineData("1 2 3", null, "spec.schedule: Invalid value: \"1 2 3\": expected exactly 5 fields, found 3: [1 2 3]")]
    [InlineData("TZ=UTC * * * * *", null, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")]
    [InlineData("* * * * *", "Nowhere/Land", "spec.timeZone: Invalid value: \"Nowhere/Land\": unknown time zone Nowhere/Land")]
    [InlineData("* * * * *", "Local", "spec.timeZone: Invalid value: \"Local\": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones")]
    [InlineData("* * * * *", "", "spec.timeZone: Invalid value: \"\": timeZone must be nil or non-empty string")]
    public async Task What_could_never_run_is_refused(string schedule, string? zone, string expected)
    {
        await using var cluster = await TestCluster.StartAsync();
        var error = await Assert.ThrowsAsync<ApiException>(
            () => cluster.Client.CreateAsync(CronJob(spec => (spec.Schedule, spec.TimeZone) = (schedule, zone)), cluster.Cancellation));
        Assert.Contains(expected, error.Message);
    }

    private static CronJob CronJob(Action<CronJobSpec> configure)
    {
        var cronJob = new CronJob
        {
            Metadata = new ObjectMeta { Name = "tick", Namespace = "default" },
            Spec = new CronJobSpec
            {
                Schedule = "* * * * *",
                JobTemplate = new JobTemplateSpec { Metadata = new ObjectMeta { Labels = { ["team"] = "x" } }, Spec = JobTests.Job(_ => { }).Spec },
            },
        };
        configure(cronJob.Spec);
        return cronJob;
    }

    /// <summary>Puts the clock to the next full minute, once the controller has the cron job.</summary>
    private static async Task PassMinuteAsync(TestCluster cluster, ShiftedTime time)
    {
        await cluster.UntilAsync<CronJob>("there", list => list.Count == 1);
        var now = time.GetUtcNow();
        time.Advance(TimeSpan.FromSeconds(60.2 - (now.ToUnixTimeMilliseconds() % 60_000 / 1000.0)));
    }

    private static async Task<CronJob> UntilAsync(TestCluster cluster, string what, Func<CronJobStatus, bool> condition) =>
        (await cluster.UntilAsync<CronJob>(what, list => list.Exists(item => condition(item.Status)))).Single();
}
