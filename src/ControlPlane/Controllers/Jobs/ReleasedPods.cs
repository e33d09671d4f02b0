using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Api.Client;

namespace Dataplane.ControlPlane.Controllers.Jobs;

/// <summary>Takes the tracking finalizer off pods, and knows which have lost it while the cache still shows it: none is counted twice.</summary>
internal sealed class ReleasedPods(KubernetesClient client)
{
    private readonly ConcurrentDictionary<string, bool> _released = [];

    /// <summary>The pods that are read, without the finalizer where they have lost it.</summary>
    public IEnumerable<Pod> Over(Func<IEnumerable<Pod>> read)
    {
        // Noted before the pods are read: the cache may catch up, and what it shows be forgotten here, between the two.
        var released = _released.Keys.ToHashSet(StringComparer.Ordinal);
        return read().Select(pod => released.Contains(pod.Metadata.UID) ? Without(pod) : pod);
    }

    /// <summary>Forgets what the cache now shows itself.</summary>
    public void Seen(InformerChange<Pod> change)
    {
        if (change.New is null || !JobPod.IsTracked(change.New))
        {
            _released.TryRemove(change.Object.Metadata.UID, out _);
        }
    }

    /// <summary>Takes the finalizer off. A pod that is gone has lost it too.</summary>
    /// <returns>The pod without it, as it is to be remembered: the cache may show the loss before anything else that is done to the pod.</returns>
    public async Task<Pod> ReleaseAsync(Pod pod, CancellationToken cancellationToken)
    {
        if (!JobPod.IsTracked(pod))
        {
            return pod;
        }

        // Before the request: the watch may be faster than the answer.
        _released[pod.Metadata.UID] = true;
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = pod.Metadata.UID,
                ["$deleteFromPrimitiveList/finalizers"] = new JsonArray(JobPod.TrackingFinalizer),
            },
        };
        try
        {
            await client.PatchAsync<Pod>(
                NamespacedName.Of(pod), PatchType.StrategicMerge, JsonSerializer.SerializeToUtf8Bytes(patch), cancellationToken: cancellationToken)
                .ConfigureAwait(false);
        }
        catch (ApiException error) when (error.IsNotFound || error.IsConflict)
        {
            // Gone, or another pod has its name.
            _released.TryRemove(pod.Metadata.UID, out _);
        }
        catch
        {
            _released.TryRemove(pod.Metadata.UID, out _);
            throw;
        }

        return Without(pod);
    }

    private static Pod Without(Pod pod) =>
        pod with { Metadata = pod.Metadata with { Finalizers = [.. pod.Metadata.Finalizers.Where(name => name != JobPod.TrackingFinalizer)] } };
}
