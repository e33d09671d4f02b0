using System.Text.Json;
using Dataplane.Api;
using Dataplane.Api.Client;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.GarbageCollection;

/// <summary>Follows the metadata of all objects of a resource that is known only at run time, until it is no longer served.</summary>
/// <param name="client">The server.</param>
/// <param name="resource">What to follow.</param>
/// <param name="changed">Told of every object that came or changed, and (true) of every one that went.</param>
/// <param name="logger">Says when a connection is lost.</param>
/// <param name="time">Waits.</param>
internal sealed class MetadataFollower(
    KubernetesClient client, ResourceType resource, Action<ObjectMeta, bool> changed, ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private readonly Dictionary<string, ObjectMeta> _known = [];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        string? version = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                version ??= await ListAsync(cancellationToken).ConfigureAwait(false);
                var options = new WatchOptions { ResourceVersion = version };
                await foreach (var change in client.WatchMetadataAsync(resource, options, cancellationToken).ConfigureAwait(false))
                {
                    version = change.Object.Metadata.ResourceVersion;
                    Apply(change);
                }
            }
            catch (ApiException error) when (error.IsNotFound)
            {
                // No longer served: its objects went with it.
                Replace([]);
                return;
            }
            catch (ApiException error) when (error.IsExpired)
            {
                version = null;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is ApiException or HttpRequestException or IOException or JsonException or OperationCanceledException)
            {
                Log.FollowerDisconnected(logger, resource.Plural, error.Message);
                await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<string?> ListAsync(CancellationToken cancellationToken)
    {
        var list = await client.ListMetadataAsync(resource, cancellationToken: cancellationToken).ConfigureAwait(false);
        Replace(list.Items.ConvertAll(item => item.Metadata));
        return list.Metadata.ResourceVersion;
    }

    private void Apply(WatchEvent<PartialObjectMetadata> change)
    {
        var metadata = change.Object.Metadata;
        switch (change.Type)
        {
            case WatchEventType.Bookmark:
                break;
            case WatchEventType.Deleted:
                _known.Remove(metadata.UID);
                changed(metadata, true);
                break;
            default:
                _known[metadata.UID] = metadata;
                changed(metadata, false);
                break;
        }
    }

    private void Replace(IReadOnlyList<ObjectMeta> listed)
    {
        var present = listed.Select(metadata => metadata.UID).ToHashSet();
        foreach (var gone in _known.Values.Where(metadata => !present.Contains(metadata.UID)).ToArray())
        {
            _known.Remove(gone.UID);
            changed(gone, true);
        }

        foreach (var metadata in listed)
        {
            _known[metadata.UID] = metadata;
            changed(metadata, false);
        }
    }
}
