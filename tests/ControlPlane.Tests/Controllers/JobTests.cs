using System.Text;
using Dataplane.Api;
using Dataplane.Api.Client;
using static Dataplane.ControlPlane.Tests.Controllers.TestCluster;

namespace Dataplane.ControlPlane.Tests.Controllers;

public sealed class JobTests
{
    private static readonly NamespacedName Work = new("default", "work");

    [Fact]
    public async Task A_job_runs_its_pods_so_many_at_once_and_counts_each_once()
    {
        await using var cluster = await StartAsync();
        await cluster.Client.CreateAsync(Job(job => (job.Completions, job.Parallelism) = (3, 2)), cluster.Cancellation);
        var pods = await cluster.UntilAsync<Pod>("two pods", list => list.Count == 2, "app=work");
        Assert.All(pods, pod => Assert.Contains("batch.kubernetes.io/job-tracking", pod.Metadata.Finalizers));
        await UntilAsync(cluster, "active", status => status is { Active: 2, Ready: 0, Terminating: 0, StartTime: not null });

        await cluster.EndAsync(pods[0]);
        pods = await cluster.UntilAsync<Pod>("a third", list => list.Count == 3, "app=work");
        await UntilAsync(cluster, "one done", status => status is { Active: 2, Succeeded: 1 });
        foreach (var pod in pods.Where(pod => pod.Status.Phase != "Succeeded"))
        {
            await cluster.EndAsync(pod);
        }

        var job = await UntilAsync(cluster, "complete", status => status.CompletionTime is not null);
        Assert.Equal((3, null, null), (job.Status.Succeeded, job.Status.Failed, job.Status.Active));
        Assert.Equal(
            [("SuccessCriteriaMet", "CompletionsReached"), ("Complete", "CompletionsReached")], job.Status.Conditions.Select(item => (item.Type, item.Reason!)));
        Assert.Equal("Reached expected number of succeeded pods", job.Status.Conditions[1].Message);
        Assert.All(await cluster.PodsAsync("work"), pod => Assert.Empty(pod.Metadata.Finalizers));
        await cluster.UntilAsync<Event>("told", events => events.Exists(item => item is { Reason: "Completed", Message: "Job completed" }));
    }

    [Fact]
    public async Task Failures_are_tried_again_after_ever_longer_waits_until_the_limit()
    {
        var time = new ShiftedTime();
        await using var cluster = await StartAsync(time: time);
        await cluster.Client.CreateAsync(Job(job => job.BackoffLimit = 1), cluster.Cancellation);
        var first = Assert.Single(await cluster.UntilAsync<Pod>("a pod", list => list.Count == 1, "app=work"));
        await cluster.EndAsync(first, exitCode: 1, at: time.GetUtcNow());
        await UntilAsync(cluster, "failed once", status => status is { Failed: 1, Active: null });
        Assert.Single(await cluster.PodsAsync("work"));

        time.Advance(TimeSpan.FromSeconds(11));
        var pods = await cluster.UntilAsync<Pod>("another", list => list.Count == 2, "app=work");
        await cluster.EndAsync(pods.Single(pod => pod.Metadata.UID != first.Metadata.UID), exitCode: 1, at: time.GetUtcNow());

        var job = await UntilAsync(cluster, "failed", status => status.Conditions.Exists(item => item.Type == "Failed"));
        Assert.Equal(["FailureTarget", "Failed"], job.Status.Conditions.Select(item => item.Type));
        Assert.All(job.Status.Conditions, item => Assert.Equal(("BackoffLimitExceeded", "Job has reached the specified backoff limit"), (item.Reason, item.Message)));
        Assert.Equal((2, null), (job.Status.Failed, job.Status.CompletionTime));
        await cluster.UntilAsync<Event>("told", events => events.Exists(item => item is { Reason: "BackoffLimitExceeded", Type: "Warning" }));
    }

    /// <summary>The rule, the exit code, what the job makes of it: the reason it fails for, and how many failures it counts.</summary>
    [Theory]
    [InlineData("FailJob", 42, "PodFailurePolicy", 1)]
    [InlineData("Ignore", 42, null, 0)]
    [InlineData("Count", 42, null, 1)]
    [InlineData("FailJob", 1, null, 1)]
    public async Task A_failure_policy_decides_by_exit_code(string action, int exitCode, string? reason, int failed)
    {
        await using var cluster = await StartAsync();
        await cluster.Client.CreateAsync(
            Job(job => job.PodFailurePolicy = new PodFailurePolicy
            {
                Rules = [new PodFailurePolicyRule { Action = action, OnExitCodes = new PodFailurePolicyOnExitCodesRequirement { Operator = "In", Values = [42] } }],
            }),
            cluster.Cancellation);
        var pod = Assert.Single(await cluster.UntilAsync<Pod>("a pod", list => list.Count == 1, "app=work"));
        await cluster.EndAsync(pod, exitCode, TimeProvider.System.GetUtcNow());

        var released = await cluster.UntilAsync<Pod>("released", list => list.Exists(item => item.Metadata.UID == pod.Metadata.UID && item.Metadata.Finalizers.Count == 0), "app=work");
        var job = await UntilAsync(
            cluster, "counted", status => (status.Failed ?? 0) == failed && (reason is null) != status.Conditions.Exists(item => item.Type == "Failed"));
        Assert.NotEmpty(released);
        if (reason is not null)
        {
            Assert.Equal(
                (reason, $"Container main for pod default/{pod.Metadata.Name} failed with exit code 42 matching FailJob rule at index 0"),
                (job.Status.Conditions[0].Reason, job.Status.Conditions[0].Message));
        }
    }

    [Fact]
    public async Task A_job_active_for_too_long_fails_and_its_pods_are_ended()
    {
        var time = new ShiftedTime();
        await using var cluster = await StartAsync(time: time);
        await cluster.Client.CreateAsync(Job(job => job.ActiveDeadlineSeconds = 100), cluster.Cancellation);
        await cluster.UntilAsync<Pod>("a pod", list => list.Count == 1, "app=work");
        await UntilAsync(cluster, "started", status => status.StartTime is not null);

        time.Advance(TimeSpan.FromSeconds(101));
        var job = await UntilAsync(cluster, "failed", status => status.Conditions.Exists(item => item.Type == "Failed"));
        Assert.Equal(("DeadlineExceeded", "Job was active longer than specified deadline"), (job.Status.Conditions[^1].Reason, job.Status.Conditions[^1].Message));
        await cluster.UntilAsync<Pod>("no pod", list => list.Count == 0, "app=work");
    }

    [Fact]
    public async Task A_suspended_job_has_no_pods_and_counts_those_it_had_as_no_failures()
    {
        await using var cluster = await StartAsync();
        await cluster.Client.CreateAsync(Job(job => (job.Completions, job.Parallelism, job.Suspend) = (2, 2, true)), cluster.Cancellation);
        var job = await UntilAsync(cluster, "suspended", status => status.Conditions.Exists(item => item is { Type: "Suspended", Status: "True", Reason: "JobSuspended" }));
        Assert.Null(job.Status.StartTime);
        Assert.Empty(await cluster.PodsAsync("work"));

        await PatchAsync(cluster, """{"spec":{"suspend":false}}""");
        await cluster.UntilAsync<Pod>("two pods", list => list.Count == 2, "app=work");
        await UntilAsync(cluster, "resumed", status => status is { Active: 2, StartTime: not null }
            && status.Conditions.Exists(item => item is { Type: "Suspended", Status: "False", Reason: "JobResumed" }));

        await PatchAsync(cluster, """{"spec":{"suspend":true}}""");
        await cluster.UntilAsync<Pod>("none", list => list.Count == 0, "app=work");
        job = await UntilAsync(cluster, "suspended again", status => status is { Active: null, Terminating: 0 }
            && status.Conditions.Exists(item => item is { Type: "Suspended", Status: "True" }));
        Assert.Null(job.Status.Failed);
    }

    [Fact]
    public async Task Indexed_pods_know_their_index_and_each_index_counts_once()
    {
        await using var cluster = await StartAsync();
        await cluster.Client.CreateAsync(Job(job => (job.Completions, job.Parallelism, job.CompletionMode) = (4, 4, "Indexed")), cluster.Cancellation);
        var pods = await cluster.UntilAsync<Pod>("four pods", list => list.Count == 4, "app=work");
        Assert.Equal(["0", "1", "2", "3"], pods.Select(pod => pod.Metadata.Annotations["batch.kubernetes.io/job-completion-index"]).Order());
        var second = pods.Single(pod => pod.Metadata.Labels["batch.kubernetes.io/job-completion-index"] == "1");
        Assert.StartsWith("work-1-", second.Metadata.Name);
        Assert.Equal("work-1", second.Spec.Hostname);
        Assert.Contains(second.Spec.Containers[0].Env, variable => variable is { Name: "JOB_COMPLETION_INDEX", ValueFrom.FieldRef.FieldPath: "metadata.labels['batch.kubernetes.io/job-completion-index']" });

        foreach (var pod in pods.Where(pod => pod.Metadata.UID != second.Metadata.UID))
        {
            await cluster.EndAsync(pod);
        }

        await UntilAsync(cluster, "three done", status => status is { CompletedIndexes: "0,2,3", Succeeded: 3, Active: 1 });
        await cluster.EndAsync(second);
        await UntilAsync(cluster, "complete", status => status is { CompletedIndexes: "0-3", Succeeded: 4, CompletionTime: not null });
    }

    [Fact]
    public async Task A_success_policy_ends_the_job_before_all_indexes_are_done()
    {
        await using var cluster = await StartAsync();
        await cluster.Client.CreateAsync(
            Job(job =>
            {
                (job.Completions, job.Parallelism, job.CompletionMode) = (3, 3, "Indexed");
                job.SuccessPolicy = new SuccessPolicy { Rules = [new SuccessPolicyRule { SucceededIndexes = "0" }] };
            }),
            cluster.Cancellation);
        var pods = await cluster.UntilAsync<Pod>("three pods", list => list.Count == 3, "app=work");
        await cluster.EndAsync(pods.Single(pod => pod.Spec.Hostname == "work-0"));

        var job = await UntilAsync(cluster, "complete", status => status.CompletionTime is not null);
        Assert.Equal(
            [("SuccessCriteriaMet", "SuccessPolicy", "Matched rules at index 0"), ("Complete", "SuccessPolicy", "Matched rules at index 0")],
            job.Status.Conditions.Select(item => (item.Type, item.Reason!, item.Message!)));
        Assert.Equal((1, null), (job.Status.Succeeded, job.Status.Failed));
        await cluster.UntilAsync<Pod>("one left", list => list.Count == 1, "app=work");
    }

    [Fact]
    public async Task Failures_can_be_limited_for_each_index()
    {
        var time = new ShiftedTime();
        await using var cluster = await StartAsync(time: time);
        await cluster.Client.CreateAsync(
            Job(job => (job.Completions, job.Parallelism, job.CompletionMode, job.BackoffLimitPerIndex) = (2, 2, "Indexed", 1)), cluster.Cancellation);
        var pods = await cluster.UntilAsync<Pod>("two pods", list => list.Count == 2, "app=work");
        var first = pods.Single(pod => pod.Spec.Hostname == "work-0");
        Assert.Equal("0", first.Metadata.Annotations["batch.kubernetes.io/job-index-failure-count"]);
        await cluster.EndAsync(pods.Single(pod => pod.Spec.Hostname == "work-1"));
        await cluster.EndAsync(first, exitCode: 1, at: time.GetUtcNow());
        await UntilAsync(cluster, "index 1 done", status => status is { CompletedIndexes: "1", Active: null });

        time.Advance(TimeSpan.FromSeconds(11));
        pods = await cluster.UntilAsync<Pod>("tried again", list => list.Count == 3, "app=work");
        var second = pods.Single(pod => pod.Spec.Hostname == "work-0" && pod.Metadata.UID != first.Metadata.UID);
        Assert.Equal("1", second.Metadata.Annotations["batch.kubernetes.io/job-index-failure-count"]);
        await cluster.EndAsync(second, exitCode: 1, at: time.GetUtcNow());

        var job = await UntilAsync(cluster, "failed", status => status.Conditions.Exists(item => item.Type == "Failed"));
        Assert.Equal(("FailedIndexes", "Job has failed indexes"), (job.Status.Conditions[0].Reason, job.Status.Conditions[0].Message));
        Assert.Equal(("0", "1", 2), (job.Status.FailedIndexes, job.Status.CompletedIndexes, job.Status.Failed));
    }

    [Fact]
    public async Task A_finished_job_goes_with_its_pods_when_its_time_is_up()
    {
        var time = new ShiftedTime();
        await using var cluster = await StartAsync(time: time);
        await cluster.Client.CreateAsync(Job(job => job.TtlSecondsAfterFinished = 300), cluster.Cancellation);
        await cluster.EndAsync(Assert.Single(await cluster.UntilAsync<Pod>("a pod", list => list.Count == 1, "app=work")));
        await UntilAsync(cluster, "complete", status => status.CompletionTime is not null);

        time.Advance(TimeSpan.FromSeconds(301));
        await cluster.UntilAsync<Job>("gone", list => list.Count == 0);
        Assert.Empty(await cluster.PodsAsync("work"));
    }

    [Theory]
    [InlineData("Background", false)]
    [InlineData("Foreground", false)]
    [InlineData("Orphan", true)]
    [InlineData(null, true)]
    public async Task A_deleted_job_takes_its_pods_with_it_unless_they_are_to_stay(string? policy, bool stay)
    {
        await using var cluster = await StartAsync();
        await cluster.Client.CreateAsync(Job(_ => { }), cluster.Cancellation);
        await cluster.UntilAsync<Pod>("a pod", list => list.Count == 1, "app=work");
        await UntilAsync(cluster, "active", status => status.Active == 1);

        await cluster.Client.DeleteAsync<Job>(Work, new DeleteOptions { PropagationPolicy = policy }, cluster.Cancellation);
        await cluster.UntilAsync<Job>("gone", list => list.Count == 0);
        await cluster.UntilAsync<Pod>(
            "settled", list => stay ? list.Count == 1 && list[0].Metadata is { Finalizers.Count: 0, OwnerReferences.Count: 0 } : list.Count == 0, "app=work");
    }

    [Fact]
    public async Task Pods_noted_before_a_crash_are_counted_after_it_and_once()
    {
        await using var cluster = await StartAsync();
        var job = await cluster.Client.CreateAsync(Job(job => (job.Completions, job.Suspend) = (3, true)), cluster.Cancellation);
        job = await UntilAsync(cluster, "suspended", status => status.Conditions.Count == 1);
        var noted = new UncountedTerminatedPods { Succeeded = ["gone-1", "gone-2"], Failed = ["gone-3"] };
        await cluster.Client.UpdateStatusAsync(job with { Status = job.Status with { UncountedTerminatedPods = noted } }, cluster.Cancellation);

        await UntilAsync(cluster, "counted", status => status is { Succeeded: 2, Failed: 1, UncountedTerminatedPods: { Succeeded.Count: 0, Failed.Count: 0 } });
    }

    internal static Job Job(Action<JobSpec> configure)
    {
        var template = Template("work");
        template.Spec.RestartPolicy = "Never";
        var job = new Job { Metadata = new ObjectMeta { Name = "work", Namespace = "default" }, Spec = new JobSpec { Template = template } };
        configure(job.Spec);
        return job;
    }

    private static async Task<Job> UntilAsync(TestCluster cluster, string what, Func<JobStatus, bool> condition) =>
        (await cluster.UntilAsync<Job>(what, list => list.Exists(job => condition(job.Status)))).Single();

    private static Task PatchAsync(TestCluster cluster, string patch) => cluster.Client.PatchAsync<Job>(
        Work, PatchType.Merge, Encoding.UTF8.GetBytes(patch), cancellationToken: cluster.Cancellation);
}
