using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Api.Selectors;
using Dataplane.ControlPlane.Controllers.History;
using Dataplane.ControlPlane.Controllers.Machinery;
using Dataplane.ControlPlane.Controllers.Replicas;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.StatefulSets;

/// <summary>Keeps the numbered pods of stateful sets.</summary>
internal sealed class StatefulSetController : Controller
{
    private readonly KubernetesClient _client;
    private readonly Lister<StatefulSet> _sets;
    private readonly OwnWrites<Pod> _pods;
    private readonly StatefulPodWriter _writer;
    private readonly RevisionLedger _ledger;

    public StatefulSetController(KubernetesClient client, SharedInformers informers, EventRecorder events, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _sets = informers.Of<StatefulSet>();
        var pods = informers.Of<Pod>();
        var claims = informers.Of<PersistentVolumeClaim>();
        var revisions = informers.Of<ControllerRevision>();
        _pods = new OwnWrites<Pod>(pods, time);
        _writer = new StatefulPodWriter(client, _pods, new OwnWrites<PersistentVolumeClaim>(claims, time), events);
        _ledger = new RevisionLedger(client, new OwnWrites<ControllerRevision>(revisions, time), "controller.kubernetes.io/hash");
        _sets.OnChange(set => Queue.Add(NamespacedName.Of(set)));
        pods.Subscribe(change => OwnerRouting.Route(change, _sets, Selector, Queue));
        revisions.Subscribe(change => OwnerRouting.Route(change, _sets, Selector, Queue));
        claims.Subscribe(OnClaim);
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (!_sets.TryGet(key, out var set))
        {
            return;
        }

        var selector = Selector(set);
        // A pod with another name is not of this set, whatever its labels say.
        var candidates = _pods.In(key.Namespace).Where(pod => StatefulPod.Ordinal(set, pod) is not null);
        await Ownership.ClaimAsync(_client, set, selector, candidates, cancellationToken).ConfigureAwait(false);
        var revisions = await _ledger.ClaimAsync(set, selector, cancellationToken).ConfigureAwait(false);
        if (set.Metadata.DeletionTimestamp is not null && !revisions.Exists(revision => RevisionData.IsOf(revision, set.Spec.Template)))
        {
            // They went before it; new ones would keep it from going.
            return;
        }

        var (update, collisions) = await _ledger.EnsureAsync(
            set, set.Spec.Template, revisions, set.Status.CollisionCount ?? 0, cancellationToken).ConfigureAwait(false);
        var current = revisions.Find(revision => revision.Metadata.Name == set.Status.CurrentRevision) ?? update;

        Exception? failure = null;
        try
        {
            await WorkAsync(View(set, current, update), current, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is ApiException or HttpRequestException or InvalidOperationException)
        {
            failure = error;
        }

        var view = View(set, current, update);
        await WriteStatusAsync(view, collisions, cancellationToken).ConfigureAwait(false);
        if (failure is not null)
        {
            throw failure;
        }

        var used = view.Pods.Select(StatefulPod.Revision).Append(current.Metadata.Name).Append(update.Metadata.Name).ToHashSet();
        var unused = revisions.Where(revision => !used.Contains(revision.Metadata.Name));
        await _ledger.TrimAsync(unused, set.Spec.RevisionHistoryLimit ?? 10, cancellationToken).ConfigureAwait(false);
    }

    private static LabelSelectorExpression Selector(StatefulSet set) => LabelSelectorExpression.Of(set.Spec.Selector);

    private StatefulView View(StatefulSet set, ControllerRevision current, ControllerRevision update) => new(
        set,
        current.Metadata.Name,
        update.Metadata.Name,
        _pods.In(set.Metadata.Namespace).Where(pod => ControllerReference.IsControlledBy(pod.Metadata, set.Metadata)),
        Time.GetUtcNow());

    private async Task WorkAsync(StatefulView view, ControllerRevision current, CancellationToken cancellationToken)
    {
        var set = view.Set;
        var plan = StatefulPlanner.Next(view);
        foreach (var (ordinal, pod) in plan.Keep)
        {
            await _writer.KeepAsync(set, pod, ordinal, cancellationToken).ConfigureAwait(false);
        }

        foreach (var (ordinal, pod) in set.Metadata.DeletionTimestamp is null ? view.Condemned : [])
        {
            await _writer.RetainClaimsAsync(set, pod, ordinal, condemned: true, cancellationToken).ConfigureAwait(false);
        }

        var missing = plan.Create.Count > 0 && await Ownership.IsAliveAsync(_client, set, cancellationToken).ConfigureAwait(false) ? plan.Create.Count : 0;
        var failure = await SlowStart.RunAsync(
            missing, index => Try(CreateAsync(view, current, plan.Create[index], cancellationToken))).ConfigureAwait(false);
        var results = await Task.WhenAll(plan.Delete.Select(pod => Try(_writer.DeleteAsync(set, pod, cancellationToken)))).ConfigureAwait(false);
        if ((failure ?? results.FirstOrDefault(error => error is not null)) is { } error)
        {
            throw error;
        }
    }

    private Task CreateAsync(StatefulView view, ControllerRevision current, int ordinal, CancellationToken cancellationToken)
    {
        var revision = view.RevisionFor(ordinal);
        // A revision whose content somebody broke cannot be gone back to: the set's own template is what is left.
        var template = revision == view.Update ? view.Set.Spec.Template : RevisionData.Template(current) ?? view.Set.Spec.Template;
        return _writer.CreateAsync(view.Set, StatefulPod.Of(view.Set, template, revision, ordinal), ordinal, cancellationToken);
    }

    private static async Task<Exception?> Try(Task task)
    {
        try
        {
            await task.ConfigureAwait(false);
            return null;
        }
        catch (Exception error) when (error is ApiException or HttpRequestException or InvalidOperationException)
        {
            return error;
        }
    }

    private async Task WriteStatusAsync(StatefulView view, int collisions, CancellationToken cancellationToken)
    {
        var now = Time.GetUtcNow();
        if (StatefulStatus.NextAvailable(view, now) is { } at)
        {
            Queue.AddAfter(NamespacedName.Of(view.Set), at - now);
        }

        var status = StatefulStatus.Count(view, collisions);
        if (!ApiJson.SameContent(view.Set.Status, status))
        {
            await _client.UpdateStatusAsync(view.Set with { Status = status }, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>A claim that has gone may be what a pod waits for, or what a pod lacks.</summary>
    private void OnClaim(InformerChange<PersistentVolumeClaim> change)
    {
        if (change.New is null)
        {
            foreach (var set in _sets.In(change.Object.Metadata.Namespace))
            {
                if (set.Spec.VolumeClaimTemplates.Count > 0)
                {
                    Queue.Add(NamespacedName.Of(set));
                }
            }
        }
    }
}
