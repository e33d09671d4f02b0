using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Namespaces;

/// <summary>Empties a namespace that is being deleted, tells in its conditions how far that is, and then lets it go.</summary>
/// <remarks>Pods end before anything else goes: until then what they work with, and what keeps others from them, is there (KEP-5080).</remarks>
internal sealed class NamespaceController : Controller
{
    private const string Finalizer = "kubernetes";

    /// <summary>How soon a namespace with objects left is looked at again; pods that end are told of sooner.</summary>
    private static readonly TimeSpan Recheck = TimeSpan.FromSeconds(1);

    private readonly KubernetesClient _client;
    private readonly Lister<Namespace> _namespaces;

    public NamespaceController(KubernetesClient client, SharedInformers informers, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _namespaces = informers.Of<Namespace>();
        _namespaces.OnChange(ns =>
        {
            if (ns.Metadata.DeletionTimestamp is not null)
            {
                Queue.Add(NamespacedName.Of(ns));
            }
        });
        informers.Of<Pod>().Subscribe(change =>
        {
            var name = new NamespacedName("", change.Object.Metadata.Namespace);
            if (change.Type == InformerChangeType.Deleted && _namespaces.TryGet(name, out var ns) && ns.Metadata.DeletionTimestamp is not null)
            {
                Queue.Add(name);
            }
        });
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (!_namespaces.TryGet(key, out var ns) || ns.Metadata.DeletionTimestamp is null || !ns.Spec.Finalizers.Contains(Finalizer))
        {
            return;
        }

        var progress = new NamespaceProgress();
        await EmptyAsync(Pod.Resource, key.Name, progress, cancellationToken).ConfigureAwait(false);
        if (progress.IsEmpty)
        {
            foreach (var resource in await ContentAsync(progress, cancellationToken).ConfigureAwait(false))
            {
                await EmptyAsync(resource, key.Name, progress, cancellationToken).ConfigureAwait(false);
            }
        }

        var live = await TellAsync(key, progress, cancellationToken).ConfigureAwait(false);
        if (!progress.IsEmpty)
        {
            Queue.AddAfter(key, Recheck);
            return;
        }

        var rest = live.Spec.Finalizers.Where(finalizer => finalizer != Finalizer).ToList();
        await _client.UpdateAsync(live with { Spec = live.Spec with { Finalizers = rest } }, "finalize", cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What a namespace can have in it: the kinds known here, owners first, then whatever else the server serves.</summary>
    private async Task<IEnumerable<ResourceType>> ContentAsync(NamespaceProgress progress, CancellationToken cancellationToken)
    {
        IReadOnlyList<ResourceType> served = [];
        try
        {
            served = await ResourceDiscovery.AllAsync(_client, cancellationToken).ConfigureAwait(false);
        }
        catch (ApiException failure)
        {
            progress.DiscoveryFailure = failure.Message;
        }

        // The newer form of events shows the same objects.
        return ResourceTypes.All.Concat(served).Where(resource => resource.Namespaced && resource.Group != "events.k8s.io")
            .DistinctBy(resource => (resource.Group, resource.Plural));
    }

    /// <summary>Deletes all objects of a resource in a namespace and notes what still ends in its own time.</summary>
    private async Task EmptyAsync(ResourceType resource, string ns, NamespaceProgress progress, CancellationToken cancellationToken)
    {
        var here = new ListOptions { Namespace = ns };
        var objects = (await _client.ListMetadataAsync(resource, here, cancellationToken).ConfigureAwait(false)).Items;
        if (objects.Count == 0)
        {
            return;
        }

        foreach (var obj in objects.Where(obj => obj.Metadata.DeletionTimestamp is null))
        {
            try
            {
                var background = new DeleteOptions { PropagationPolicy = "Background" };
                await _client.DeleteAsync(resource, new NamespacedName(ns, obj.Metadata.Name), background, cancellationToken).ConfigureAwait(false);
            }
            catch (ApiException error) when (error.IsNotFound)
            {
                // Gone is what it should be.
            }
            catch (ApiException error)
            {
                progress.Failed(resource, error.Message);
            }
        }

        progress.Remaining(resource, (await _client.ListMetadataAsync(resource, here, cancellationToken).ConfigureAwait(false)).Items);
    }

    private async Task<Namespace> TellAsync(NamespacedName key, NamespaceProgress progress, CancellationToken cancellationToken)
    {
        var live = await _client.GetAsync<Namespace>(key, cancellationToken).ConfigureAwait(false);
        var conditions = progress.Conditions(live.Status.Conditions, Time.GetUtcNow());
        return conditions.SequenceEqual(live.Status.Conditions)
            ? live
            : await _client.UpdateStatusAsync(live with { Status = live.Status with { Conditions = conditions } }, cancellationToken).ConfigureAwait(false);
    }
}
