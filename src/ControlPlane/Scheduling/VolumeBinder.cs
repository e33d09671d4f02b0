using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Dataplane.ControlPlane.Controllers.Volumes;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Scheduling;

/// <summary>Writes which volumes a pod's claims get on its node, and waits for the claims to be bound.</summary>
internal sealed class VolumeBinder
{
    /// <summary>How long a pod waits for its volumes before another node is tried.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly VolumeWriter _writer;
    private readonly Lister<PersistentVolumeClaim> _claims;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private TaskCompletionSource _changed = NewSignal();

    public VolumeBinder(KubernetesClient client, SharedInformers informers, ILogger logger, TimeProvider time)
    {
        _writer = new VolumeWriter(client, time);
        _claims = informers.Of<PersistentVolumeClaim>();
        _logger = logger;
        _time = time;
        _claims.OnChange(_ => Interlocked.Exchange(ref _changed, NewSignal()).TrySetResult());
    }

    /// <returns>False when it did not come about and the pod needs another decision.</returns>
    public async Task<bool> BindAsync(Pod pod, string node, VolumeChoice choice, CancellationToken cancellationToken)
    {
        if (choice.Chosen.Count + choice.Provisioned.Count == 0)
        {
            return true;
        }

        try
        {
            foreach (var (claim, volume) in choice.Chosen)
            {
                await _writer.ReserveAsync(volume, claim, cancellationToken).ConfigureAwait(false);
            }

            foreach (var claim in choice.Provisioned)
            {
                var patch = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [VolumeMatch.SelectedNode] = node } } };
                await _writer.PatchAsync(claim, patch, null, cancellationToken).ConfigureAwait(false);
            }

            return await BoundAsync([.. choice.Chosen.Select(entry => entry.Claim).Concat(choice.Provisioned)], cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is ApiException or HttpRequestException)
        {
            Log.BindingFailed(_logger, NamespacedName.Of(pod), node, error.Message);
            return false;
        }
    }

    private async Task<bool> BoundAsync(IReadOnlyList<PersistentVolumeClaim> claims, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        while (true)
        {
            // Taken before the look, so that no change between the two is missed.
            var changed = Volatile.Read(ref _changed).Task;
            var current = claims.Select(claim => _claims.TryGet(NamespacedName.Of(claim), out var found) && found.Metadata.UID == claim.Metadata.UID ? found : null).ToList();
            if (current.Exists(claim => claim is null))
            {
                return false;
            }

            if (current.TrueForAll(claim => VolumeMatch.IsComplete(claim!)))
            {
                return true;
            }

            try
            {
                await changed.WaitAsync(either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
