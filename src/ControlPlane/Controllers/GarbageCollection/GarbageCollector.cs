using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.GarbageCollection;

/// <summary>
/// Deletes objects whose owners are all gone, and serves the two deletion policies that are finalizers: <c>foregroundDeletion</c>
/// waits for the dependents, <c>orphan</c> sets them free.
/// </summary>
/// <remarks>Queue keys are uids: a name that came back is another object.</remarks>
internal sealed class GarbageCollector : Controller
{
    private const string Foreground = "foregroundDeletion";
    private const string Orphan = "orphan";

    private readonly KubernetesClient _client;
    private readonly OwnershipGraph _graph = new();
    private readonly HashSet<(string Group, string Plural)> _followed = [];
    private readonly ServedResources _served;

    public GarbageCollector(KubernetesClient client, SharedInformers informers, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        Follow(informers.Of<Namespace>());
        Follow(informers.Of<Node>());
        Follow(informers.Of<CronJob>());
        Follow(informers.Of<Job>());
        Follow(informers.Of<DaemonSet>());
        Follow(informers.Of<StatefulSet>());
        Follow(informers.Of<ControllerRevision>());
        Follow(informers.Of<Deployment>());
        Follow(informers.Of<ReplicaSet>());
        Follow(informers.Of<ReplicationController>());
        Follow(informers.Of<Service>());
        Follow(informers.Of<Api.Endpoints>());
        Follow(informers.Of<EndpointSlice>());
        Follow(informers.Of<Pod>());
        Follow(informers.Of<PersistentVolumeClaim>());
        Follow(informers.Of<ConfigMap>());
        Follow(informers.Of<Secret>());
        Follow(informers.Of<ServiceAccount>());
        Follow(informers.Of<Lease>());
        Follow(informers.Of<PersistentVolume>());
        Follow(informers.Of<StorageClass>());
        Follow(informers.Of<PodDisruptionBudget>());
        _served = new ServedResources(client, _followed, Changed, LookAgain, logger, time);
    }

    /// <summary>Acts once the caches have been filled: before that, an owner not seen may only be late.</summary>
    public new Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(base.RunAsync(cancellationToken), _served.RunAsync(cancellationToken));

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (_graph.Find(key.Name) is not { } obj)
        {
            return;
        }

        if (obj.Metadata.DeletionTimestamp is not null)
        {
            await FinalizeAsync(obj, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (obj.Metadata.OwnerReferences.Count > 0 && await IsAbandonedAsync(obj, cancellationToken).ConfigureAwait(false))
        {
            await DeleteAsync(obj, "Background", cancellationToken).ConfigureAwait(false);
        }
    }

    private static NamespacedName Key(string uid) => new("", uid);

    private void Follow<T>(Lister<T> lister)
        where T : class, IResource<T>
    {
        _followed.Add((T.Resource.Group, T.Resource.Plural));
        lister.Subscribe(change => Changed(new OwnedObject(T.Resource, change.Object.Metadata), gone: change.New is null));
    }

    /// <summary>Of an owner whose kind was not known nobody could say whether it exists.</summary>
    private void LookAgain()
    {
        foreach (var uid in _graph.Owned())
        {
            Queue.Add(Key(uid));
        }
    }

    private void Changed(OwnedObject obj, bool gone)
    {
        if (gone)
        {
            _graph.Remove(obj.Metadata.UID);
            foreach (var dependent in _graph.Dependents(obj.Metadata.UID))
            {
                Queue.Add(Key(dependent.Metadata.UID));
            }

            // An owner that waits for this one may go now.
            foreach (var owner in obj.Metadata.OwnerReferences)
            {
                Queue.Add(Key(owner.UID));
            }

            return;
        }

        _graph.Set(obj);
        if (obj.Metadata.OwnerReferences.Count > 0 || obj.Metadata.DeletionTimestamp is not null)
        {
            Queue.Add(Key(obj.Metadata.UID));
        }

        // What was made for an owner that already waits for its dependents is to go with them.
        foreach (var owner in obj.Metadata.OwnerReferences)
        {
            if (_graph.Find(owner.UID) is { Metadata.DeletionTimestamp: not null })
            {
                Queue.Add(Key(owner.UID));
            }
        }
    }

    /// <summary>Whether no owner is left. The server has the last word: the caches of two kinds are not of the same moment.</summary>
    private async Task<bool> IsAbandonedAsync(OwnedObject obj, CancellationToken cancellationToken)
    {
        foreach (var owner in obj.Metadata.OwnerReferences)
        {
            if (_graph.Find(owner.UID) is not null)
            {
                return false;
            }

            if (_served.Find(owner.ApiVersion, owner.Kind) is not { } resource)
            {
                // Of a kind that is not served, not yet or no more: it may well exist.
                return false;
            }

            var name = new NamespacedName(resource.Namespaced ? obj.Metadata.Namespace : "", owner.Name);
            var named = new ListOptions { Namespace = name.Namespace, FieldSelector = $"metadata.name={owner.Name}" };
            if (await ExistsAsync(resource, named, owner.UID, cancellationToken).ConfigureAwait(false))
            {
                return false;
            }
        }

        return true;
    }

    private async Task<bool> ExistsAsync(ResourceType resource, ListOptions named, string uid, CancellationToken cancellationToken)
    {
        try
        {
            var live = await _client.ListMetadataAsync(resource, named, cancellationToken).ConfigureAwait(false);
            return live.Items.Exists(item => item.Metadata.UID == uid);
        }
        catch (ApiException error) when (error.IsNotFound)
        {
            // The resource itself went with its definition.
            return false;
        }
    }

    private async Task FinalizeAsync(OwnedObject obj, CancellationToken cancellationToken)
    {
        if (obj.Metadata.Finalizers.Contains(Orphan))
        {
            foreach (var dependent in _graph.Dependents(obj.Metadata.UID))
            {
                await ReleaseAsync(dependent, obj.Metadata.UID, cancellationToken).ConfigureAwait(false);
            }

            await RemoveFinalizerAsync(obj, Orphan, cancellationToken).ConfigureAwait(false);
        }
        else if (obj.Metadata.Finalizers.Contains(Foreground))
        {
            var blocking = _graph.Dependents(obj.Metadata.UID).Where(dependent => dependent.Metadata.OwnerReferences.Exists(
                owner => owner.UID == obj.Metadata.UID && owner.BlockOwnerDeletion == true)).ToList();
            foreach (var dependent in blocking.Where(dependent => dependent.Metadata.DeletionTimestamp is null))
            {
                await DeleteAsync(dependent, "Foreground", cancellationToken).ConfigureAwait(false);
            }

            if (blocking.Count == 0)
            {
                await RemoveFinalizerAsync(obj, Foreground, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task DeleteAsync(OwnedObject obj, string policy, CancellationToken cancellationToken)
    {
        var options = new DeleteOptions { PropagationPolicy = policy, Preconditions = new Preconditions { UID = obj.Metadata.UID } };
        try
        {
            await _client.DeleteAsync(obj.Resource, obj.Name, options, cancellationToken).ConfigureAwait(false);
        }
        catch (ApiException error) when (error.IsNotFound || error.IsConflict)
        {
            // Gone, or another object has the name: either way this one is no more.
        }
    }

    private Task ReleaseAsync(OwnedObject dependent, string owner, CancellationToken cancellationToken)
    {
        var rest = dependent.Metadata.OwnerReferences.Where(reference => reference.UID != owner).ToList();
        var references = new JsonArray([.. rest.Select(reference => JsonNode.Parse(ApiJson.Serialize(reference)))]);
        return PatchAsync(dependent, "ownerReferences", references, cancellationToken);
    }

    private Task RemoveFinalizerAsync(OwnedObject obj, string finalizer, CancellationToken cancellationToken)
    {
        var rest = obj.Metadata.Finalizers.Where(name => name != finalizer);
        return PatchAsync(obj, "finalizers", new JsonArray([.. rest.Select(name => JsonValue.Create(name))]), cancellationToken);
    }

    /// <summary>A whole list is replaced, so the version must be the one it was computed from.</summary>
    private async Task PatchAsync(OwnedObject obj, string field, JsonArray value, CancellationToken cancellationToken)
    {
        var metadata = new JsonObject { ["uid"] = obj.Metadata.UID, ["resourceVersion"] = obj.Metadata.ResourceVersion, [field] = value };
        try
        {
            var patch = JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["metadata"] = metadata });
            await _client.PatchMetadataAsync(obj.Resource, obj.Name, PatchType.Merge, patch, cancellationToken).ConfigureAwait(false);
        }
        catch (ApiException error) when (error.IsNotFound)
        {
            // Gone is what it should be.
        }
    }
}
