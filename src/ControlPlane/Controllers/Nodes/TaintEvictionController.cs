using System.Collections.Concurrent;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Dataplane.ControlPlane.Controllers.Pods;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Nodes;

/// <summary>Deletes pods from nodes with NoExecute taints when what they tolerate is over.</summary>
/// <remarks>A pod's time runs from when its node's taints were seen; it ends when the taints go.</remarks>
internal sealed class TaintEvictionController : Controller
{
    private readonly KubernetesClient _client;
    private readonly Lister<Node> _nodes;
    private readonly Lister<Pod> _pods;
    private readonly EventRecorder _events;
    private readonly ConcurrentDictionary<NamespacedName, Countdown> _running = [];

    private sealed record Countdown(string Uid, DateTimeOffset Since);

    public TaintEvictionController(KubernetesClient client, SharedInformers informers, EventRecorder events, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _events = events;
        _nodes = informers.Of<Node>();
        _pods = informers.Of<Pod>();
        _nodes.Subscribe(OnNode);
        _pods.Subscribe(OnPod);
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (!_pods.TryGet(key, out var pod) || pod.Metadata.DeletionTimestamp is not null || string.IsNullOrEmpty(pod.Spec.NodeName))
        {
            _running.TryRemove(key, out _);
            return;
        }

        var taints = _nodes.TryGet(new NamespacedName("", pod.Spec.NodeName), out var node) ? TaintEvictionPlan.NoExecute(node) : [];
        if (TaintEvictionPlan.Allowance(pod, taints) is not { } allowed)
        {
            if (_running.TryRemove(key, out var stopped) && stopped.Uid == pod.Metadata.UID)
            {
                _events.Normal(pod, "TaintManagerEviction", $"Cancelling deletion of Pod {key}");
            }

            return;
        }

        var now = Time.GetUtcNow();
        var since = _running.AddOrUpdate(
            key, _ => new Countdown(pod.Metadata.UID, now), (_, running) => running.Uid == pod.Metadata.UID ? running : new Countdown(pod.Metadata.UID, now)).Since;
        if (since + allowed > now)
        {
            Queue.AddAfter(key, since + allowed - now);
            return;
        }

        _events.Normal(pod, "TaintManagerEviction", $"Marking for deletion Pod {key}");
        await PodDisruption.DeleteAsync(
            _client, pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", options: null, now, cancellationToken).ConfigureAwait(false);
        _running.TryRemove(key, out _);
    }

    private void OnNode(InformerChange<Node> change)
    {
        var (before, after) = (change.Old is null ? [] : TaintEvictionPlan.NoExecute(change.Old), change.New is null ? [] : TaintEvictionPlan.NoExecute(change.New));
        if (before.Select(Key).SequenceEqual(after.Select(Key)))
        {
            return;
        }

        foreach (var pod in _pods.All.Where(pod => pod.Spec.NodeName == change.Object.Metadata.Name))
        {
            Queue.Add(NamespacedName.Of(pod));
        }

        static (string, string?) Key(Taint taint) => (taint.Key, taint.Value);
    }

    private void OnPod(InformerChange<Pod> change)
    {
        if (change.New is not { } pod
            || change.Old?.Spec.NodeName != pod.Spec.NodeName
            || change.Old?.Metadata.UID != pod.Metadata.UID
            || change.Old.Spec.Tolerations.Count != pod.Spec.Tolerations.Count)
        {
            Queue.Add(change.Name);
        }
    }
}
