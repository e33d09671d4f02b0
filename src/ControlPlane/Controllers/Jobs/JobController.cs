using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Api.Selectors;
using Dataplane.ControlPlane.Controllers.Machinery;
using Dataplane.ControlPlane.Controllers.Replicas;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Jobs;

/// <summary>Runs the pods of jobs until enough have succeeded or too many have failed.</summary>
internal sealed class JobController : Controller
{
    private const string OwnName = "kubernetes.io/job-controller";

    private readonly KubernetesClient _client;
    private readonly Lister<Job> _cache;
    private readonly OwnWrites<Job> _jobs;
    private readonly OwnWrites<Pod> _pods;
    private readonly ReleasedPods _released;
    private readonly PodWriter _writer;
    private readonly JobAccounts _accounts;
    private readonly JobBackoff _backoff = new();
    private readonly EventRecorder _events;

    public JobController(KubernetesClient client, SharedInformers informers, EventRecorder events, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _events = events;
        _cache = informers.Of<Job>();
        var pods = informers.Of<Pod>();
        _jobs = new OwnWrites<Job>(_cache, time);
        _pods = new OwnWrites<Pod>(pods, time);
        _released = new ReleasedPods(client);
        _writer = new PodWriter(client, _pods, events);
        _accounts = new JobAccounts(client, _jobs, _released, events);
        _cache.Subscribe(OnJob);
        pods.Subscribe(_released.Seen);
        pods.Subscribe(change => OwnerRouting.Route(change, _cache, Selector, Queue));
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (!_cache.TryGet(key, out var cached) || cached.Spec.ManagedBy is not (null or OwnName))
        {
            return;
        }

        var before = _jobs.Newest(cached);
        if (JobConditions.End(before) is not null)
        {
            return;
        }

        await Ownership.ClaimAsync(
            _client, before, Selector(before), _pods.In(key.Namespace), JobPod.TrackingFinalizer, cancellationToken).ConfigureAwait(false);
        var job = before;
        if (job.Status.StartTime is null && job.Spec.Suspend != true)
        {
            job = job with { Status = job.Status with { StartTime = Time.GetUtcNow() } };
        }

        var view = View(job);
        var record = _backoff.With(view);
        var verdict = JobVerdict.Of(view);
        Exception? failure;
        if (verdict is not null)
        {
            failure = await StopAsync(view.Job, view.Active, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            failure = job.Metadata.DeletionTimestamp is null ? await WorkAsync(view, record, cancellationToken).ConfigureAwait(false) : null;
            verdict = JobVerdict.Done(view, View(job).Active.Count);
            job = verdict is null && job.Metadata.DeletionTimestamp is null ? WithSuspension(job) : job;
            Wake(key, JobVerdict.Deadline(job, job.Status.StartTime) - view.Now);
        }

        var after = View(job);
        job = job with
        {
            Status = job.Status with
            {
                Active = JobTally.NonZero(after.Active.Count),
                Ready = after.Ready,
                Terminating = after.Terminating,
            },
        };
        // Counted are the pods the verdict was over, not those that have changed since.
        await _accounts.SettleAsync(
            before, new JobView(job, view.Pods, view.Now), verdict, mayEnd: failure is null && after.Active.Count + after.Terminating == 0, cancellationToken)
            .ConfigureAwait(false);
        _backoff.Keep(job, record);
        if (failure is not null)
        {
            throw failure;
        }
    }

    private static LabelSelectorExpression Selector(Job job) => LabelSelectorExpression.Of(job.Spec.Selector);

    private JobView View(Job job) => new(
        job,
        _released.Over(() => _pods.In(job.Metadata.Namespace).Where(pod => ControllerReference.IsControlledBy(pod.Metadata, job.Metadata))),
        Time.GetUtcNow());

    private async Task<Exception?> WorkAsync(JobView view, BackoffRecord record, CancellationToken cancellationToken)
    {
        var plan = JobPlanner.Next(view, record);
        if (plan.Wait > TimeSpan.Zero)
        {
            Wake(NamespacedName.Of(view.Job), plan.Wait);
        }

        if (plan.Stop.Count > 0)
        {
            // Without its finalizer a pod stopped here is not counted as one that failed.
            var released = await Task.WhenAll(plan.Stop.Select(pod => _released.ReleaseAsync(pod, cancellationToken))).ConfigureAwait(false);
            return await StopAsync(view.Job, released, cancellationToken).ConfigureAwait(false);
        }

        if (plan.Start.Count == 0 || !await Ownership.IsAliveAsync(_client, view.Job, cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        return await SlowStart.RunAsync(plan.Start.Count, async number =>
            (await _writer.CreateAsync(view.Job, NewPod(view, plan.Start[number]), cancellationToken).ConfigureAwait(false)).Error).ConfigureAwait(false);
    }

    private static Pod NewPod(JobView view, int? index)
    {
        if (index is not { } number)
        {
            return JobPod.Of(view.Job);
        }

        var failed = view.Job.Spec.BackoffLimitPerIndex is null ? null : view.LastFailed(number);
        return JobPod.Of(view.Job, number, failed, failed is not null && FailureRules.Match(view.Job, failed).Counts);
    }

    private async Task<Exception?> StopAsync(Job job, IEnumerable<Pod> pods, CancellationToken cancellationToken)
    {
        var results = await Task.WhenAll(pods.Select(pod => _writer.DeleteAsync(job, pod, cancellationToken))).ConfigureAwait(false);
        return results.FirstOrDefault(error => error is not null);
    }

    private Job WithSuspension(Job job)
    {
        var now = Time.GetUtcNow();
        var suspended = job.Spec.Suspend == true;
        var condition = suspended
            ? JobConditions.New(JobConditions.Suspended, true, "JobSuspended", "Job suspended", now)
            : JobConditions.New(JobConditions.Suspended, false, "JobResumed", "Job resumed", now);
        var conditions = JobConditions.With(job.Status.Conditions, condition);
        if (ReferenceEquals(conditions, job.Status.Conditions))
        {
            return job;
        }

        _events.Normal(job, suspended ? "Suspended" : "Resumed", condition.Message!);
        // A resumed job has its whole deadline before it again.
        return job with { Status = job.Status with { Conditions = conditions, StartTime = suspended ? job.Status.StartTime : now } };
    }

    private void Wake(NamespacedName key, TimeSpan? delay)
    {
        if (delay is { } wait && wait > TimeSpan.Zero)
        {
            Queue.AddAfter(key, wait);
        }
    }

    private void OnJob(InformerChange<Job> change)
    {
        if (change.New is null || JobConditions.End(change.New) is not null)
        {
            _backoff.Forget(change.Object);
        }

        Queue.Add(NamespacedName.Of(change.Object));
    }
}
