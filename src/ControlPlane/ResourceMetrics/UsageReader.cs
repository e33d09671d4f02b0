using System.Collections.Concurrent;
using Dataplane.ControlPlane.Machinery.Http;
using Dataplane.ControlPlane.Store;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.ResourceMetrics;

/// <summary>What nodes and their pods use, from their kubelets, all asked at the same time.</summary>
internal sealed class UsageReader(KubeletClient kubelets, TimeProvider time, ILogger logger)
{
    private readonly ConcurrentDictionary<string, NodeUsageState> _nodes = new(StringComparer.Ordinal);

    /// <param name="nodes">Node objects.</param>
    /// <param name="cancellation">Ends waiting.</param>
    /// <returns>By name of the node, without those whose kubelets do not answer.</returns>
    public async Task<IReadOnlyDictionary<string, NodeUsage>> ReadAsync(IEnumerable<StoredObject> nodes, CancellationToken cancellation)
    {
        var answers = await Task.WhenAll(nodes.Select(async node => (node.Name, Usage: await StateOf(node.Name).ReadAsync(node.Document(), cancellation))));
        return answers.Where(answer => answer.Usage is not null).ToDictionary(answer => answer.Name, answer => answer.Usage!, StringComparer.Ordinal);
    }

    /// <summary>Lets go of what was kept of nodes that are no more.</summary>
    public void Forget(Func<string, bool> exists)
    {
        foreach (var gone in _nodes.Keys.Where(name => !exists(name)))
        {
            _nodes.TryRemove(gone, out _);
        }
    }

    private NodeUsageState StateOf(string name) => _nodes.GetOrAdd(name, _ => new NodeUsageState(name, kubelets, time, logger));
}
