using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Nodes;

/// <summary>Gives nodes that come without a pod network a block of the cluster's range.</summary>
internal sealed class NodeNetworkController : Controller
{
    private readonly KubernetesClient _client;
    private readonly Lister<Node> _nodes;
    private readonly EventRecorder _events;
    private readonly IPNetwork _range;
    private readonly int _length;
    private readonly SemaphoreSlim _one = new(1);

    // Given out, and perhaps not in the cache yet.
    private readonly Dictionary<string, IPNetwork> _given = [];

    /// <param name="client">The server.</param>
    /// <param name="informers">Shared caches.</param>
    /// <param name="range">The cluster's range.</param>
    /// <param name="length">Prefix length of a node's block.</param>
    /// <param name="events">Tells when the range is used up.</param>
    /// <param name="logger">Takes failures.</param>
    /// <param name="time">The clock.</param>
    public NodeNetworkController(
        KubernetesClient client, SharedInformers informers, IPNetwork range, int length, EventRecorder events, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        (_client, _events, _range, _length) = (client, events, range, length);
        _nodes = informers.Of<Node>();
        _nodes.Subscribe(change =>
        {
            if (change.New is null || string.IsNullOrEmpty(change.New.Spec.PodCIDR))
            {
                Queue.Add(change.Name);
            }
        });
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        // One after the other: two nodes must not get the same block.
        await _one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!_nodes.TryGet(key, out var node))
            {
                _given.Remove(key.Name);
            }
            else if (string.IsNullOrEmpty(node.Spec.PodCIDR))
            {
                await GiveAsync(node, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task GiveAsync(Node node, CancellationToken cancellationToken)
    {
        var used = _nodes.All.SelectMany(other => other.Spec.PodCIDRs.Append(other.Spec.PodCIDR)).Where(cidr => !string.IsNullOrEmpty(cidr))
            .Select(cidr => IPNetwork.TryParse(cidr!, out var block) ? block : (IPNetwork?)null).OfType<IPNetwork>();
        var others = _given.Where(entry => entry.Key != node.Metadata.Name).Select(entry => entry.Value);
        if (PodCidrPlan.FirstFree(_range, _length, used.Concat(others)) is not { } block)
        {
            _events.Normal(node, "CIDRNotAvailable", $"Node {node.Metadata.Name} status is now: CIDRNotAvailable");
            return;
        }

        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = node.Metadata.ResourceVersion },
            ["spec"] = new JsonObject { ["podCIDR"] = block.ToString(), ["podCIDRs"] = new JsonArray(block.ToString()) },
        };
        await _client.PatchAsync<Node>(
            NamespacedName.Of(node), PatchType.Merge, JsonSerializer.SerializeToUtf8Bytes(patch), cancellationToken: cancellationToken).ConfigureAwait(false);
        _given[node.Metadata.Name] = block;
    }
}
