using System.Collections.Concurrent;
using Dataplane.Api;
using Dataplane.Api.Client;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.GarbageCollection;

/// <summary>
/// Knows every resource the server serves, and follows the objects of those that have no cache. Every change of a
/// CustomResourceDefinition is a reason to ask discovery what is served now; a resource is followed in one version only, all of them
/// show the same objects.
/// </summary>
/// <param name="client">The server.</param>
/// <param name="cached">Resources that are followed already.</param>
/// <param name="changed">Told of every object that came or changed, and (true) of every one that went.</param>
/// <param name="discovered">Told when there are kinds that were not known before.</param>
/// <param name="logger">Says when a connection is lost.</param>
/// <param name="time">Waits.</param>
internal sealed class ServedResources(
    KubernetesClient client,
    IReadOnlySet<(string Group, string Plural)> cached,
    Action<OwnedObject, bool> changed,
    Action discovered,
    ILogger logger,
    TimeProvider time)
{
    private static readonly ResourceType Definitions =
        new("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", Namespaced: false);

    /// <summary>Upstream follows no events: they are many, own nothing and go by themselves.</summary>
    private static readonly HashSet<(string Group, string Plural)> Ignored = [("", "events"), ("events.k8s.io", "events")];

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(string ApiVersion, string Kind), ResourceType> _seen = [];
    private readonly ConcurrentDictionary<(string Group, string Plural), Task> _followed = [];

    /// <summary>A resource that is or was served.</summary>
    public ResourceType? Find(string apiVersion, string kind) => _seen.GetValueOrDefault((apiVersion, kind));

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var changes = new SemaphoreSlim(1);
        var follower = new MetadataFollower(client, Definitions, OnDefinition, logger, time);
        var running = follower.RunAsync(cancellationToken);
        try
        {
            while (true)
            {
                await changes.WaitAsync(cancellationToken).ConfigureAwait(false);
                while (!await RefreshAsync(cancellationToken).ConfigureAwait(false))
                {
                    await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await running.ConfigureAwait(false);
            await Task.WhenAll(_followed.Values).ConfigureAwait(false);
        }

        void OnDefinition(ObjectMeta metadata, bool gone)
        {
            changed(new OwnedObject(Definitions, metadata), gone);
            changes.Release();
        }
    }

    /// <returns>False when the server did not answer.</returns>
    private async Task<bool> RefreshAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<ResourceType> served;
        try
        {
            served = await ResourceDiscovery.AllAsync(client, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is ApiException or HttpRequestException or IOException)
        {
            Log.FollowerDisconnected(logger, Definitions.Plural, error.Message);
            return false;
        }

        var known = _seen.Count;
        foreach (var resource in served)
        {
            _seen[(resource.ApiVersion, resource.Kind)] = resource;
            var key = (resource.Group, resource.Plural);
            if (cached.Contains(key) || Ignored.Contains(key) || key == (Definitions.Group, Definitions.Plural))
            {
                continue;
            }

            if (!_followed.TryGetValue(key, out var task) || task.IsCompleted)
            {
                var follower = new MetadataFollower(
                    client, resource, (metadata, gone) => changed(new OwnedObject(resource, metadata), gone), logger, time);
                _followed[key] = follower.RunAsync(cancellationToken);
            }
        }

        if (_seen.Count > known)
        {
            discovered();
        }

        return true;
    }
}
