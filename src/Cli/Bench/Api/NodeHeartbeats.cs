using Dataplane.Api.Client;

namespace Dataplane.Cli.Bench.Api;

/// <summary>Nodes that stay Ready: without heartbeats the node controller would write to every pod in the middle of a measurement.</summary>
internal sealed class NodeHeartbeats : IAsyncDisposable
{
    private const string Leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _ending = new();
    private readonly ApiConnection _connection;
    private readonly int _nodes;
    private readonly Task _running;

    private NodeHeartbeats(ApiConnection connection, int nodes)
    {
        _connection = connection;
        _nodes = nodes;
        _running = RenewAsync();
    }

    internal static async Task<NodeHeartbeats> StartAsync(KubeConfig config, int nodes, CancellationToken cancellation)
    {
        var connection = await ApiConnection.OpenAsync(config, cancellation);
        for (var i = 0; i < nodes; i++)
        {
            var name = ApiObjects.NodeName(i);
            await connection.MustAsync(connection.Request("POST", "/api/v1/nodes", "application/json", ApiObjects.Node(i)), cancellation);
            await connection.MustAsync(connection.Request("PATCH", $"/api/v1/nodes/{name}/status", "application/merge-patch+json", ApiObjects.NodeStatus()), cancellation);
            await connection.MustAsync(connection.Request("POST", Leases, "application/json", ApiObjects.Lease(name, TimeProvider.System.GetUtcNow())), cancellation);
        }

        return new NodeHeartbeats(connection, nodes);
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _connection.DisposeAsync();
        _ending.Dispose();
    }

    private async Task RenewAsync()
    {
        using var timer = new PeriodicTimer(Interval);
        while (await timer.WaitForNextTickAsync(_ending.Token))
        {
            for (var i = 0; i < _nodes; i++)
            {
                var name = ApiObjects.NodeName(i);
                await _connection.MustAsync(
                    _connection.Request("PATCH", $"{Leases}/{name}", "application/merge-patch+json", ApiObjects.Lease(name, TimeProvider.System.GetUtcNow())), _ending.Token);
            }
        }
    }
}
