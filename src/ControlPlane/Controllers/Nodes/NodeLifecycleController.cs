using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.EndpointSlices;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Nodes;

/// <summary>
/// Marks nodes whose kubelet has fallen silent, taints nodes by their condition, and takes the pods of silent nodes out of service.
/// </summary>
/// <remarks>Silence is measured on this machine's clock from when a heartbeat was seen, so that clocks need not agree.</remarks>
internal sealed class NodeLifecycleController : Controller
{
    private const string LeaseNamespace = "kube-node-lease";

    private readonly TimeSpan _gracePeriod;
    private readonly KubernetesClient _client;
    private readonly Lister<Node> _nodes;
    private readonly Lister<Pod> _pods;
    private readonly EventRecorder _events;
    private readonly ConcurrentDictionary<string, DateTimeOffset> _heartbeats = [];

    // Nodes that have ceased to be ready and whose pods are still to be taken out of service.
    private readonly ConcurrentDictionary<string, bool> _lost = [];

    public NodeLifecycleController(KubernetesClient client, SharedInformers informers, TimeSpan gracePeriod, EventRecorder events, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _gracePeriod = gracePeriod;
        _events = events;
        _nodes = informers.Of<Node>();
        _pods = informers.Of<Pod>();
        _nodes.Subscribe(OnNode);
        informers.Of<Lease>().Subscribe(OnLease);
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (!_nodes.TryGet(key, out var node))
        {
            _heartbeats.TryRemove(key.Name, out _);
            return;
        }

        var now = Time.GetUtcNow();
        var silentAt = _heartbeats.GetOrAdd(key.Name, now) + _gracePeriod;
        if (silentAt > now)
        {
            Queue.AddAfter(key, silentAt - now);
        }
        else if (NodeHealth.Ready(node)?.Status != "Unknown")
        {
            node = await SilenceAsync(node, now, cancellationToken).ConfigureAwait(false);
            _lost[key.Name] = true;
        }

        if (_lost.ContainsKey(key.Name))
        {
            foreach (var pod in _pods.All.Where(pod => pod.Spec.NodeName == node.Metadata.Name && PodEndpoints.IsReady(pod)))
            {
                await MarkNotReadyAsync(pod, now, cancellationToken).ConfigureAwait(false);
            }

            _lost.TryRemove(key.Name, out _);
        }

        var taints = NodeHealth.Taints(node, now);
        if (!ReferenceEquals(taints, node.Spec.Taints))
        {
            var patch = new JsonObject
            {
                ["metadata"] = new JsonObject { ["resourceVersion"] = node.Metadata.ResourceVersion },
                ["spec"] = new JsonObject { ["taints"] = new JsonArray([.. taints.Select(taint => JsonNode.Parse(ApiJson.Serialize(taint)))]) },
            };
            await _client.PatchAsync<Node>(
                key, PatchType.Merge, JsonSerializer.SerializeToUtf8Bytes(patch), cancellationToken: cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<Node> SilenceAsync(Node node, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var silenced = node with { Status = node.Status with { Conditions = NodeHealth.Silenced(node, now) } };
        node = await _client.UpdateStatusAsync(silenced, cancellationToken).ConfigureAwait(false);
        _events.Normal(node, "NodeNotReady", $"Node {node.Metadata.Name} status is now: NodeNotReady");
        return node;
    }

    /// <summary>Nobody can tell any more whether the pod serves: services must not send anybody there.</summary>
    private async Task MarkNotReadyAsync(Pod pod, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var condition = PodEndpoints.ReadyCondition(pod)! with { Status = "False", LastTransitionTime = now };
        var status = pod.Status with { Conditions = [.. pod.Status.Conditions.Select(other => other.Type == condition.Type ? condition : other)] };
        try
        {
            await _client.UpdateStatusAsync(pod with { Status = status }, cancellationToken).ConfigureAwait(false);
            _events.Warning(pod, "NodeNotReady", "Node is not ready");
        }
        catch (ApiException error) when (error.IsNotFound || error.IsConflict)
        {
            // Gone, or its kubelet is back and has just written it.
        }
    }

    private void OnLease(InformerChange<Lease> change)
    {
        if (change.New is { } lease && lease.Metadata.Namespace == LeaseNamespace && change.Old?.Spec.RenewTime != lease.Spec.RenewTime)
        {
            OnHeartbeat(lease.Metadata.Name);
        }
    }

    private void OnNode(InformerChange<Node> change)
    {
        // Kubelets without leases post their status instead.
        if (change.New is { } node && NodeHealth.Ready(node)?.LastHeartbeatTime is { } beat
            && (change.Old is null || NodeHealth.Ready(change.Old)?.LastHeartbeatTime != beat))
        {
            OnHeartbeat(node.Metadata.Name);
        }

        if (change is { Old: { } old, New: { } now } && NodeHealth.Ready(old)?.Status == "True" && NodeHealth.Ready(now)?.Status != "True")
        {
            _lost[change.Object.Metadata.Name] = true;
        }

        if (change.Type == InformerChangeType.Added)
        {
            var name = change.Object.Metadata.Name;
            _events.Normal(change.Object, "RegisteredNode", $"Node {name} event: Registered Node {name} in Controller");
        }

        Queue.Add(NamespacedName.Of(change.Object));
    }

    /// <summary>Heartbeats are many: one moves the deadline, which the waiting check finds when it comes.</summary>
    private void OnHeartbeat(string node) => _heartbeats[node] = Time.GetUtcNow();
}
