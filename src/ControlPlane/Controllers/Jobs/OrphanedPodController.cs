using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Jobs;

/// <summary>Takes the tracking finalizer off pods that no job will count any more: without it they can go.</summary>
internal sealed class OrphanedPodController : Controller
{
    private readonly KubernetesClient _client;
    private readonly Lister<Pod> _pods;
    private readonly Lister<Job> _jobs;
    private readonly ReleasedPods _released;

    public OrphanedPodController(KubernetesClient client, SharedInformers informers, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _released = new ReleasedPods(client);
        _pods = informers.Of<Pod>();
        _jobs = informers.Of<Job>();
        _pods.Subscribe(_released.Seen);
        _pods.Subscribe(change =>
        {
            if (change.New is { } pod && JobPod.IsTracked(pod) && !HasJob(pod))
            {
                Queue.Add(NamespacedName.Of(pod));
            }
        });
        _jobs.Subscribe(OnJob);
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (_pods.TryGet(key, out var pod) && JobPod.IsTracked(pod) && !HasJob(pod) && !await LivesAsync(pod, cancellationToken).ConfigureAwait(false))
        {
            await _released.ReleaseAsync(pod, cancellationToken).ConfigureAwait(false);
        }
    }

    private bool HasJob(Pod pod) =>
        OwnerRouting.Controller<Job>(pod.Metadata) is { } name && _jobs.TryGet(name, out var job) && ControllerReference.IsControlledBy(pod.Metadata, job.Metadata);

    /// <summary>The server has the last word: the cache of jobs may be behind that of pods.</summary>
    private async Task<bool> LivesAsync(Pod pod, CancellationToken cancellationToken)
    {
        if (OwnerRouting.Controller<Job>(pod.Metadata) is not { } name)
        {
            return false;
        }

        try
        {
            var job = await _client.GetAsync<Job>(name, cancellationToken).ConfigureAwait(false);
            return ControllerReference.IsControlledBy(pod.Metadata, job.Metadata);
        }
        catch (ApiException error) when (error.IsNotFound)
        {
            return false;
        }
    }

    private void OnJob(InformerChange<Job> change)
    {
        if (change.New is not null)
        {
            return;
        }

        foreach (var pod in _pods.In(change.Object.Metadata.Namespace))
        {
            if (JobPod.IsTracked(pod) && ControllerReference.IsControlledBy(pod.Metadata, change.Object.Metadata))
            {
                Queue.Add(NamespacedName.Of(pod));
            }
        }
    }
}
