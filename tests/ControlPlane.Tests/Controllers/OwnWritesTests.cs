using System.Collections.Concurrent;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.ControlPlane.Tests.Controllers;

/// <summary>What a controller wrote is never missing from what it sees.</summary>
public sealed class OwnWritesTests
{
    /// <summary>A cache takes an object in steps: the answer to a create may come between two of them.</summary>
    [Fact]
    public async Task AnObjectThatIsHalfInTheCacheIsSeenOnce()
    {
        await using var cluster = await TestCluster.StartAsync();
        var informer = new Informer<ConfigMap>(cluster.Client, new InformerOptions { Namespace = "default" }, NullLogger.Instance);
        var seen = new ConcurrentQueue<int>();
        OwnWrites<ConfigMap>? writes = null;
        informer.Subscribe(change =>
        {
            // Before the lister's index: whoever creates the object has the answer just now.
            if (change.Object.Metadata.Name.StartsWith("own-", StringComparison.Ordinal))
            {
                writes!.Wrote(change.Object);
                seen.Enqueue(writes.In("default").Count(obj => obj.Metadata.UID == change.Object.Metadata.UID));
            }
        });
        var lister = new Lister<ConfigMap>(informer);
        writes = new OwnWrites<ConfigMap>(lister, TimeProvider.System);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cluster.Cancellation);
        var running = informer.RunAsync(stop.Token);
        await informer.WaitForSyncAsync(cluster.Cancellation);
        for (var i = 0; i < 5; i++)
        {
            await cluster.Client.CreateAsync(new ConfigMap { Metadata = new ObjectMeta { Name = $"own-{i}", Namespace = "default" } }, cluster.Cancellation);
        }

        while (seen.Count < 5)
        {
            await Task.Delay(5, cluster.Cancellation);
        }

        Assert.All(seen, count => Assert.Equal(1, count));
        await stop.CancelAsync();
        await running;
    }
}
