using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Replicas;

/// <summary>Keeps as many pods of a template as an owner asks for. ReplicaSet and ReplicationController differ in shape only.</summary>
internal abstract class ReplicaController<T> : Controller
    where T : class, IResource<T>
{
    /// <summary>Writes in one pass at most; the rest follows in the next.</summary>
    private const int Burst = 500;

    private readonly KubernetesClient _client;
    private readonly Lister<T> _owners;
    private readonly OwnWrites<Pod> _pods;
    private readonly PodWriter _writer;

    protected ReplicaController(KubernetesClient client, SharedInformers informers, EventRecorder events, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _owners = informers.Of<T>();
        var pods = informers.Of<Pod>();
        _pods = new OwnWrites<Pod>(pods, time);
        _writer = new PodWriter(client, _pods, events);
        _owners.OnChange(owner => Queue.Add(NamespacedName.Of(owner)));
        pods.Subscribe(change => OwnerRouting.Route(change, _owners, owner => View(owner).Selector, Queue));
    }

    protected abstract ReplicaOwner View(T owner);

    protected abstract T WithStatus(T owner, ReplicaSetStatus status);

    protected override async Task SyncAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        if (!_owners.TryGet(key, out var obj))
        {
            return;
        }

        var owner = View(obj);
        var active = _pods.In(key.Namespace).Where(PodReadiness.IsActive);
        var pods = await Ownership.ClaimAsync(_client, obj, owner.Selector, active, cancellationToken).ConfigureAwait(false);
        Exception? failure = null;
        if (owner.Metadata.DeletionTimestamp is null
            && (pods.Count >= owner.Replicas || await Ownership.IsAliveAsync(_client, obj, cancellationToken).ConfigureAwait(false)))
        {
            failure = await ScaleAsync(obj, owner, pods, cancellationToken).ConfigureAwait(false);
        }

        await WriteStatusAsync(obj, owner, pods, failure, cancellationToken).ConfigureAwait(false);
        if (failure is not null)
        {
            throw failure;
        }
    }

    private async Task<Exception?> ScaleAsync(T obj, ReplicaOwner owner, List<Pod> pods, CancellationToken cancellationToken)
    {
        var missing = owner.Replicas - pods.Count;
        if (missing > 0 && owner.Template is { } template)
        {
            var pod = PodWriter.FromTemplate(obj, template);
            return await SlowStart.RunAsync(Math.Min(missing, Burst), _ => CreateAsync(obj, pod, pods, cancellationToken)).ConfigureAwait(false);
        }

        if (missing < 0)
        {
            var victims = pods.Order(new PodDeletionOrder(pods)).Take(Math.Min(-missing, Burst)).ToList();
            var results = await Task.WhenAll(victims.Select(victim => DeleteAsync(obj, victim, pods, cancellationToken))).ConfigureAwait(false);
            return results.FirstOrDefault(error => error is not null);
        }

        return null;
    }

    private async Task<Exception?> CreateAsync(T owner, Pod template, List<Pod> pods, CancellationToken cancellationToken)
    {
        var (pod, error) = await _writer.CreateAsync(owner, template, cancellationToken).ConfigureAwait(false);
        if (pod is not null)
        {
            lock (pods)
            {
                pods.Add(pod);
            }
        }

        return error;
    }

    private async Task<Exception?> DeleteAsync(T owner, Pod pod, List<Pod> pods, CancellationToken cancellationToken)
    {
        var error = await _writer.DeleteAsync(owner, pod, cancellationToken).ConfigureAwait(false);
        if (error is null)
        {
            lock (pods)
            {
                pods.Remove(pod);
            }
        }

        return error;
    }

    private async Task WriteStatusAsync(T obj, ReplicaOwner owner, List<Pod> pods, Exception? failure, CancellationToken cancellationToken)
    {
        var now = Time.GetUtcNow();
        (string, string)? reason = failure is null ? null : (pods.Count < owner.Replicas ? "FailedCreate" : "FailedDelete", failure.Message);
        var status = ReplicaStatus.Count(owner, pods, reason, now, out var nextAvailable);
        if (nextAvailable is { } at)
        {
            Queue.AddAfter(NamespacedName.Of(obj), at - now);
        }

        if (!ApiJson.SameContent(owner.Status, status))
        {
            await _client.UpdateStatusAsync(WithStatus(obj, status), cancellationToken).ConfigureAwait(false);
        }
    }
}
