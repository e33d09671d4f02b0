using System.Net;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Proxy.ServiceModel;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Feeds;

/// <summary>What an API server tells.</summary>
public sealed class InformerFeed(KubernetesClient client, string nodeName, ILogger logger) : IClusterFeed
{
    /// <inheritdoc/>
    public async Task RunAsync(IClusterListener listener, CancellationToken cancellation)
    {
        var services = new Informer<Service>(client, new InformerOptions { LabelSelector = ServiceLabels.ServiceSelector }, logger) { KeepsVersionsOnly = true };
        services.Subscribe(change => listener.Tell(change.Name, change.New));
        var slices = new Informer<EndpointSlice>(client, new InformerOptions { LabelSelector = ServiceLabels.EndpointSliceSelector }, logger) { KeepsVersionsOnly = true };
        slices.Subscribe(change => listener.Tell(change.Name, change.New));
        var nodes = new Informer<Node>(client, new InformerOptions { FieldSelector = $"metadata.name={nodeName}" }, logger);
        nodes.Subscribe(change => listener.Tell(change.New));
        var ranges = new Informer<ServiceCIDR>(client, new InformerOptions(), logger);
        ranges.Subscribe(change => listener.Tell(change.Name, change.New));
        var hasRanges = CanListAsync<ServiceCIDR>(cancellation);
        var running = Task.WhenAll(
            Task.Run(() => IfThereAsync(ranges.RunAsync), CancellationToken.None),
            Task.Run(() => services.RunAsync(cancellation), CancellationToken.None),
            Task.Run(() => slices.RunAsync(cancellation), CancellationToken.None),
            Task.Run(() => nodes.RunAsync(cancellation), CancellationToken.None));
        await Task.WhenAll(
            services.WaitForSyncAsync(cancellation),
            slices.WaitForSyncAsync(cancellation),
            nodes.WaitForSyncAsync(cancellation),
            IfThereAsync(ranges.WaitForSyncAsync))
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!cancellation.IsCancellationRequested)
        {
            listener.Synced();
        }

        await running;

        async Task IfThereAsync(Func<CancellationToken, Task> follow)
        {
            if (await hasRanges)
            {
                await follow(cancellation);
            }
        }
    }

    // API servers before 1.33 do not have every kind, and a role made for an older proxy does not let it read them: neither may keep Services from being served.
    private async Task<bool> CanListAsync<T>(CancellationToken cancellation)
        where T : class, IResource<T>
    {
        try
        {
            await client.ListAsync<T>(new ListOptions { Limit = 1 }, cancellation);
            return true;
        }
        catch (ApiException refused) when (refused.HttpStatus is HttpStatusCode.NotFound or HttpStatusCode.Forbidden)
        {
            logger.KindNotRead(T.Resource.Plural, refused.Message);
            return false;
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException or IOException)
        {
            // The informer says so, and tries again.
            return true;
        }
    }
}
