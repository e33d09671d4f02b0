using System.Collections.Concurrent;
using Dataplane.Api;
using Dataplane.Api.Client;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.GarbageCollection;

/// <summary>
/// Follows the objects of all custom resources. Every change of a CustomResourceDefinition is a reason to ask discovery what is served
/// now; a resource is followed in one version only, all of them show the same objects.
/// </summary>
/// <param name="client">The server.</param>
/// <param name="changed">Told of every object that came or changed, and (true) of every one that went.</param>
/// <param name="logger">Says when a connection is lost.</param>
/// <param name="time">Waits.</param>
internal sealed class DefinedResources(KubernetesClient client, Action<OwnedObject, bool> changed, ILogger logger, TimeProvider time)
{
    private static readonly ResourceType Definitions =
        new("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", Namespaced: false);

    private readonly ConcurrentDictionary<(string ApiVersion, string Kind), ResourceType> _seen = [];
    private readonly ConcurrentDictionary<(string Group, string Plural), Task> _followed = [];

    /// <summary>A resource that is or was served.</summary>
    public ResourceType? Find(string apiVersion, string kind) => _seen.GetValueOrDefault((apiVersion, kind));

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var changes = new SemaphoreSlim(0);
        var follower = new MetadataFollower(client, Definitions, (_, _) => changes.Release(), logger, time);
        var running = follower.RunAsync(cancellationToken);
        try
        {
            while (true)
            {
                await changes.WaitAsync(cancellationToken).ConfigureAwait(false);
                await RefreshAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await running.ConfigureAwait(false);
            await Task.WhenAll(_followed.Values).ConfigureAwait(false);
        }
    }

    private async Task RefreshAsync(CancellationToken cancellationToken)
    {
        try
        {
            var builtIn = ResourceTypes.All.Select(resource => resource.Group).Append(Definitions.Group).ToHashSet();
            foreach (var resource in await ResourceDiscovery.AllAsync(client, cancellationToken).ConfigureAwait(false))
            {
                if (builtIn.Contains(resource.Group))
                {
                    continue;
                }

                _seen[(resource.ApiVersion, resource.Kind)] = resource;
                var key = (resource.Group, resource.Plural);
                if (!_followed.TryGetValue(key, out var task) || task.IsCompleted)
                {
                    var follower = new MetadataFollower(
                        client, resource, (metadata, gone) => changed(new OwnedObject(resource, metadata), gone), logger, time);
                    _followed[key] = follower.RunAsync(cancellationToken);
                }
            }
        }
        catch (Exception error) when (error is ApiException or HttpRequestException or IOException)
        {
            // The next change of a definition asks again; while the server is away there is nothing to follow.
            Log.FollowerDisconnected(logger, Definitions.Plural, error.Message);
        }
    }
}
