using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Jobs;

/// <summary>Deletes jobs, and with them their pods, some time after they have ended: ttlSecondsAfterFinished.</summary>
internal sealed class FinishedJobController : Controller
{
    private readonly KubernetesClient _client;
    private readonly Lister<Job> _jobs;

    public FinishedJobController(KubernetesClient client, SharedInformers informers, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _jobs = informers.Of<Job>();
        _jobs.OnChange(job =>
        {
            if (Expiry(job) is not null)
            {
                Queue.Add(NamespacedName.Of(job));
            }
        });
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (!_jobs.TryGet(key, out var cached) || Expiry(cached) is not { } expiry)
        {
            return;
        }

        if (expiry > Time.GetUtcNow())
        {
            Queue.AddAfter(key, expiry - Time.GetUtcNow());
            return;
        }

        try
        {
            // The time may have been extended a moment ago.
            var job = await _client.GetAsync<Job>(key, cancellationToken).ConfigureAwait(false);
            if (Expiry(job) <= Time.GetUtcNow())
            {
                var options = new DeleteOptions { PropagationPolicy = "Foreground", Preconditions = new Preconditions { UID = job.Metadata.UID } };
                await _client.DeleteAsync<Job>(key, options, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (ApiException error) when (error.IsNotFound)
        {
            // Gone is what it should be.
        }
    }

    private static DateTimeOffset? Expiry(Job job) =>
        job.Metadata.DeletionTimestamp is null && job.Spec.TtlSecondsAfterFinished is { } ttl
            ? JobConditions.End(job)?.LastTransitionTime?.AddSeconds(ttl)
            : null;
}
