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
        var running = Task.WhenAll(
            Task.Run(() => services.RunAsync(cancellation), CancellationToken.None),
            Task.Run(() => slices.RunAsync(cancellation), CancellationToken.None),
            Task.Run(() => nodes.RunAsync(cancellation), CancellationToken.None));
        await Task.WhenAll(services.WaitForSyncAsync(cancellation), slices.WaitForSyncAsync(cancellation), nodes.WaitForSyncAsync(cancellation))
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!cancellation.IsCancellationRequested)
        {
            listener.Synced();
        }

        await running;
    }
}
