using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Api.Selectors;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Deployments;

/// <summary>Moves a deployment from one ReplicaSet to the next.</summary>
internal sealed class DeploymentController : Controller
{
    private readonly KubernetesClient _client;
    private readonly Lister<Deployment> _deployments;
    private readonly Lister<Pod> _pods;
    private readonly OwnWrites<ReplicaSet> _sets;
    private readonly ReplicaSetWriter _writer;
    private readonly EventRecorder _events;

    public DeploymentController(KubernetesClient client, SharedInformers informers, EventRecorder events, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _events = events;
        _deployments = informers.Of<Deployment>();
        _pods = informers.Of<Pod>();
        var sets = informers.Of<ReplicaSet>();
        _sets = new OwnWrites<ReplicaSet>(sets, time);
        _writer = new ReplicaSetWriter(client, _sets, events);
        _deployments.OnChange(deployment => Queue.Add(NamespacedName.Of(deployment)));
        sets.OnChange(OnSet);
        _pods.Subscribe(OnPod);
    }

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (!_deployments.TryGet(key, out var deployment))
        {
            return;
        }

        var selector = LabelSelectorExpression.Of(deployment.Spec.Selector);
        var sets = await Replicas.Ownership.ClaimAsync(
            _client, deployment, selector, _sets.In(key.Namespace), cancellationToken).ConfigureAwait(false);
        sets.RemoveAll(set => set.Metadata.DeletionTimestamp is not null);
        var hash = PodTemplateHash.Of(deployment.Spec.Template, deployment.Status.CollisionCount);
        var newest = ReplicaSetWriter.FindNewest(deployment, sets, hash);
        var old = sets.Where(set => set != newest).ToList();
        var created = false;

        if (deployment.Metadata.DeletionTimestamp is null)
        {
            (newest, created) = await RolloutAsync(deployment, newest, old, hash, cancellationToken).ConfigureAwait(false);
            old = [.. sets.Where(set => set.Metadata.UID != newest?.Metadata.UID)];
            if (deployment.Spec.Paused == true || RolloutStatus.IsComplete(deployment, deployment.Status))
            {
                await CleanUpAsync(deployment, old, cancellationToken).ConfigureAwait(false);
            }
        }

        await WriteStatusAsync(deployment, newest, created, old, cancellationToken).ConfigureAwait(false);
    }

    private async Task<(ReplicaSet? Newest, bool Created)> RolloutAsync(
        Deployment deployment, ReplicaSet? newest, List<ReplicaSet> old, string hash, CancellationToken cancellationToken)
    {
        if (deployment.Spec.Paused == true || WasScaled(deployment, newest, old))
        {
            await _writer.ResizeAsync(
                deployment, newest, old, RolloutPlanner.Scale(deployment, newest, old), cancellationToken).ConfigureAwait(false);
            return (_writer.Current(newest), false);
        }

        if (deployment.Spec.Strategy.Type == "Recreate")
        {
            await _writer.ResizeAsync(deployment, newest, old, RolloutPlanner.Recreate(old), cancellationToken).ConfigureAwait(false);
            // Two versions at the same time is what Recreate promises not to have: old pods must have ended, not only been asked to.
            if (old.Exists(HasRunningPods))
            {
                return (newest, false);
            }
        }

        if (newest is null && !await Replicas.Ownership.IsAliveAsync(_client, deployment, cancellationToken).ConfigureAwait(false))
        {
            return (null, false);
        }

        var (current, created) = await EnsureNewestAsync(deployment, newest, old, hash, cancellationToken).ConfigureAwait(false);
        await _writer.ResizeAsync(
            deployment, current, old, RolloutPlanner.Rolling(deployment, current, old), cancellationToken).ConfigureAwait(false);
        return (_writer.Current(current), created);
    }

    private async Task<(ReplicaSet Set, bool Created)> EnsureNewestAsync(
        Deployment deployment, ReplicaSet? newest, List<ReplicaSet> old, string hash, CancellationToken cancellationToken)
    {
        try
        {
            return await _writer.EnsureNewestAsync(deployment, newest, old, hash, cancellationToken).ConfigureAwait(false);
        }
        catch (ApiException error) when (newest is null && !error.IsAlreadyExists)
        {
            // A quota or a webhook refuses it: whoever waits for the rollout should learn of it.
            var message = $"Failed to create new replica set \"{deployment.Metadata.Name}-{hash}\": {error.Message}";
            _events.Warning(deployment, "ReplicaSetCreateError", message);
            var status = RolloutStatus.WithoutSet(deployment, message, Time.GetUtcNow());
            if (!ApiJson.SameContent(deployment.Status, status))
            {
                await _client.UpdateStatusAsync(deployment with { Status = status }, cancellationToken).ConfigureAwait(false);
            }

            throw;
        }
    }

    /// <summary>Whether the deployment's size differs from what its sets were last sized for.</summary>
    private static bool WasScaled(Deployment deployment, ReplicaSet? newest, IEnumerable<ReplicaSet> old)
    {
        var all = newest is null ? old : old.Append(newest);
        return all.Any(set => RolloutPlanner.Size(set) > 0
            && set.Metadata.Annotations.ContainsKey(Annotations.DesiredReplicas)
            && Annotations.Number(set.Metadata, Annotations.DesiredReplicas) != (deployment.Spec.Replicas ?? 1));
    }

    private bool HasRunningPods(ReplicaSet set) =>
        _pods.In(set.Metadata.Namespace).Any(pod =>
            ControllerReference.IsControlledBy(pod.Metadata, set.Metadata) && pod.Status.Phase is not ("Succeeded" or "Failed"));

    /// <summary>Keeps as many emptied revisions as rollbacks are wanted for.</summary>
    private async Task CleanUpAsync(Deployment deployment, List<ReplicaSet> old, CancellationToken cancellationToken)
    {
        var keep = deployment.Spec.RevisionHistoryLimit ?? 10;
        var empty = old.Where(
            set => RolloutPlanner.Size(set) == 0 && set.Status.Replicas == 0 && set.Status.ObservedGeneration >= set.Metadata.Generation).ToList();
        foreach (var set in empty.OrderBy(set => Annotations.Number(set.Metadata, Annotations.Revision)).Take(Math.Max(0, old.Count - keep)))
        {
            await _client.DeleteAsync<ReplicaSet>(NamespacedName.Of(set), cancellationToken: cancellationToken).ConfigureAwait(false);
            _sets.Deleted(set);
            old.Remove(set);
        }
    }

    private async Task WriteStatusAsync(
        Deployment deployment, ReplicaSet? newest, bool created, List<ReplicaSet> old, CancellationToken cancellationToken)
    {
        var current = await _writer.NoteRevisionAsync(deployment, newest, cancellationToken).ConfigureAwait(false);
        var now = Time.GetUtcNow();
        var status = RolloutStatus.Of(current, newest, created, old, now, out var deadline);
        if (deadline is { } at)
        {
            Queue.AddAfter(NamespacedName.Of(deployment), at - now);
        }

        if (!ApiJson.SameContent(current.Status, status))
        {
            await _client.UpdateStatusAsync(current with { Status = status }, cancellationToken).ConfigureAwait(false);
        }
    }

    private void OnSet(ReplicaSet set)
    {
        if (ControllerReference.Of(set.Metadata) is { } controller)
        {
            if (controller.Kind == "Deployment")
            {
                Queue.Add(new NamespacedName(set.Metadata.Namespace, controller.Name));
            }

            return;
        }

        foreach (var deployment in _deployments.In(set.Metadata.Namespace))
        {
            if (LabelSelectorExpression.Of(deployment.Spec.Selector).Matches(set.Metadata.Labels))
            {
                Queue.Add(NamespacedName.Of(deployment));
            }
        }
    }

    /// <summary>Only Recreate waits for pods themselves; all else is told by the ReplicaSets' status.</summary>
    private void OnPod(InformerChange<Pod> change)
    {
        if (change.Type == InformerChangeType.Added || ControllerReference.Of(change.Object.Metadata) is not { Kind: "ReplicaSet" })
        {
            return;
        }

        foreach (var deployment in _deployments.In(change.Object.Metadata.Namespace))
        {
            if (deployment.Spec.Strategy.Type == "Recreate"
                && LabelSelectorExpression.Of(deployment.Spec.Selector).Matches(change.Object.Metadata.Labels))
            {
                Queue.Add(NamespacedName.Of(deployment));
            }
        }
    }
}
