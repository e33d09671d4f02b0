using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Api.Selectors;
using Dataplane.ControlPlane.Controllers.History;
using Dataplane.ControlPlane.Controllers.Machinery;
using Dataplane.ControlPlane.Controllers.Replicas;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.DaemonSets;

/// <summary>Keeps one pod of a daemon set on every node that fits.</summary>
internal sealed class DaemonSetController : Controller
{
    /// <summary>Writes in one pass at most; the rest follows in the next.</summary>
    private const int Burst = 250;

    private readonly KubernetesClient _client;
    private readonly Lister<DaemonSet> _sets;
    private readonly Lister<Node> _nodes;
    private readonly OwnWrites<Pod> _pods;
    private readonly PodWriter _writer;
    private readonly RevisionLedger _ledger;
    private readonly EventRecorder _events;
    private readonly FailureBackoff _backoff;

    public DaemonSetController(KubernetesClient client, SharedInformers informers, EventRecorder events, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _events = events;
        _sets = informers.Of<DaemonSet>();
        _nodes = informers.Of<Node>();
        var pods = informers.Of<Pod>();
        var revisions = informers.Of<ControllerRevision>();
        _pods = new OwnWrites<Pod>(pods, time);
        _writer = new PodWriter(client, _pods, events);
        _ledger = new RevisionLedger(client, new OwnWrites<ControllerRevision>(revisions, time), DaemonPod.HashLabel);
        _backoff = new FailureBackoff(time);
        _sets.OnChange(set => Queue.Add(NamespacedName.Of(set)));
        pods.Subscribe(change => OwnerRouting.Route(change, _sets, Selector, Queue));
        revisions.Subscribe(change => OwnerRouting.Route(change, _sets, Selector, Queue));
        _nodes.Subscribe(OnNode);
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (!_sets.TryGet(key, out var set) || set.Metadata.DeletionTimestamp is not null)
        {
            return;
        }

        var selector = Selector(set);
        await Ownership.ClaimAsync(_client, set, selector, _pods.In(key.Namespace), cancellationToken).ConfigureAwait(false);
        var revisions = await _ledger.ClaimAsync(set, selector, cancellationToken).ConfigureAwait(false);
        var (current, collisions) = await _ledger.EnsureAsync(
            set, set.Spec.Template, revisions, set.Status.CollisionCount ?? 0, cancellationToken).ConfigureAwait(false);
        var hash = current.Metadata.Labels.GetValueOrDefault(DaemonPod.HashLabel, "");

        var failure = await WorkAsync(View(set, hash), cancellationToken).ConfigureAwait(false);
        var view = View(set, hash);
        if (failure is null)
        {
            var alive = view.Pods.Values.SelectMany(pods => pods).Select(pod => pod.Metadata.Labels.GetValueOrDefault(DaemonPod.HashLabel)).ToHashSet();
            var unused = revisions.Where(
                revision => revision != current && !alive.Contains(revision.Metadata.Labels.GetValueOrDefault(DaemonPod.HashLabel)));
            await _ledger.TrimAsync(unused, set.Spec.RevisionHistoryLimit ?? 10, cancellationToken).ConfigureAwait(false);
        }

        await WriteStatusAsync(set, view, collisions, cancellationToken).ConfigureAwait(false);
        if (failure is not null)
        {
            throw failure;
        }
    }

    private static LabelSelectorExpression Selector(DaemonSet set) => LabelSelectorExpression.Of(set.Spec.Selector);

    private DaemonView View(DaemonSet set, string hash) => new(
        set,
        hash,
        _nodes.All,
        _pods.In(set.Metadata.Namespace).Where(pod => ControllerReference.IsControlledBy(pod.Metadata, set.Metadata)),
        Time.GetUtcNow());

    private async Task<Exception?> WorkAsync(DaemonView view, CancellationToken cancellationToken)
    {
        var plan = DaemonPlanner.Place(view);
        if (plan.IsEmpty && view.Set.Spec.UpdateStrategy.Type != "OnDelete")
        {
            // Only over what is in order: half-placed pods would be counted wrongly.
            plan = DaemonPlanner.Roll(view);
        }

        var deletions = plan.Delete.Concat(plan.Ended.Where(pod => MayReplace(view.Set, pod))).Take(Burst).ToList();
        var results = await Task.WhenAll(deletions.Select(pod => _writer.DeleteAsync(view.Set, pod, cancellationToken))).ConfigureAwait(false);
        var missing = plan.Create.Count > 0 && await Ownership.IsAliveAsync(_client, view.Set, cancellationToken).ConfigureAwait(false)
            ? Math.Min(plan.Create.Count, Burst)
            : 0;
        var created = await SlowStart.RunAsync(missing, async index =>
            (await _writer.CreateAsync(view.Set, view.For(plan.Create[index]), cancellationToken).ConfigureAwait(false)).Error).ConfigureAwait(false);
        if (plan.Create.Count > Burst && missing > 0)
        {
            Queue.Add(NamespacedName.Of(view.Set));
        }

        return created ?? results.FirstOrDefault(error => error is not null);
    }

    private bool MayReplace(DaemonSet set, Pod pod)
    {
        var node = DaemonPod.Node(pod);
        if (pod.Status.Phase == "Succeeded")
        {
            _events.Normal(
                set, "SucceededDaemonPod", $"Found succeeded daemon pod {pod.Metadata.Namespace}/{pod.Metadata.Name} on node {node}, will try to delete it");
            return true;
        }

        var wait = _backoff.Try($"{set.Metadata.UID}/{set.Status.ObservedGeneration}/{node}");
        if (wait > TimeSpan.Zero)
        {
            Queue.AddAfter(NamespacedName.Of(set), wait);
            return false;
        }

        _events.Warning(
            set, "FailedDaemonPod", $"Found failed daemon pod {pod.Metadata.Namespace}/{pod.Metadata.Name} on node {node}, will try to kill it");
        return true;
    }

    private async Task WriteStatusAsync(DaemonSet set, DaemonView view, int collisions, CancellationToken cancellationToken)
    {
        var now = Time.GetUtcNow();
        if (DaemonStatus.NextAvailable(view, now) is { } at)
        {
            Queue.AddAfter(NamespacedName.Of(set), at - now);
        }

        var status = DaemonStatus.Count(view, collisions);
        if (!ApiJson.SameContent(set.Status, status))
        {
            await _client.UpdateStatusAsync(set with { Status = status }, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Heartbeats are many; only what decides over pods counts.</summary>
    private void OnNode(InformerChange<Node> change)
    {
        if (change is { Old: { } old, New: { } node } && ApiJson.SameContent(old.Spec, node.Spec) && SameLabels(old.Metadata.Labels, node.Metadata.Labels))
        {
            return;
        }

        foreach (var set in _sets.All)
        {
            Queue.Add(NamespacedName.Of(set));
        }
    }

    private static bool SameLabels(Dictionary<string, string> left, Dictionary<string, string> right) =>
        left.Count == right.Count && left.All(label => right.GetValueOrDefault(label.Key) == label.Value);
}
