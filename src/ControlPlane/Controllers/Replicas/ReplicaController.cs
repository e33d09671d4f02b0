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
    private readonly EventRecorder _events;

    protected ReplicaController(KubernetesClient client, SharedInformers informers, EventRecorder events, ILogger logger, TimeProvider time)
        : base(logger, time)
    {
        _client = client;
        _events = events;
        _owners = informers.Of<T>();
        var pods = informers.Of<Pod>();
        _pods = new OwnWrites<Pod>(pods, time);
        _owners.OnChange(owner => Queue.Add(NamespacedName.Of(owner)));
        pods.Subscribe(OnPod);
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
        if (owner.Metadata.DeletionTimestamp is null)
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
            var pod = NewPod(obj, template);
            return await SlowStart.RunAsync(Math.Min(missing, Burst), () => CreateAsync(obj, pod, pods, cancellationToken)).ConfigureAwait(false);
        }

        if (missing < 0)
        {
            var victims = pods.Order(new PodDeletionOrder(pods)).Take(Math.Min(-missing, Burst)).ToList();
            var results = await Task.WhenAll(victims.Select(victim => DeleteAsync(obj, victim, pods, cancellationToken))).ConfigureAwait(false);
            return results.FirstOrDefault(error => error is not null);
        }

        return null;
    }

    private static Pod NewPod(T owner, PodTemplateSpec template)
    {
        return new Pod
        {
            Metadata = new ObjectMeta
            {
                GenerateName = owner.Metadata.Name + "-",
                Namespace = owner.Metadata.Namespace,
                Labels = template.Metadata.Labels,
                Annotations = template.Metadata.Annotations,
                Finalizers = template.Metadata.Finalizers,
                OwnerReferences = [ControllerReference.To(owner)],
            },
            Spec = template.Spec,
        };
    }

    private async Task<Exception?> CreateAsync(T owner, Pod template, List<Pod> pods, CancellationToken cancellationToken)
    {
        try
        {
            var pod = _pods.Wrote(await _client.CreateAsync(template, cancellationToken).ConfigureAwait(false));
            lock (pods)
            {
                pods.Add(pod);
            }

            _events.Normal(owner, "SuccessfulCreate", $"Created pod: {pod.Metadata.Name}");
            return null;
        }
        catch (Exception error) when (error is ApiException or HttpRequestException)
        {
            _events.Warning(owner, "FailedCreate", $"Error creating: {error.Message}");
            return error;
        }
    }

    private async Task<Exception?> DeleteAsync(T owner, Pod pod, List<Pod> pods, CancellationToken cancellationToken)
    {
        try
        {
            var sameLife = new DeleteOptions { Preconditions = new Preconditions { UID = pod.Metadata.UID } };
            await _client.DeleteAsync<Pod>(NamespacedName.Of(pod), sameLife, cancellationToken).ConfigureAwait(false);
            _events.Normal(owner, "SuccessfulDelete", $"Deleted pod: {pod.Metadata.Name}");
        }
        catch (ApiException error) when (error.IsNotFound)
        {
            // Gone is what it should be.
        }
        catch (Exception error) when (error is ApiException or HttpRequestException)
        {
            _events.Warning(owner, "FailedDelete", $"Error deleting: {error.Message}");
            return error;
        }

        _pods.Deleted(pod);
        lock (pods)
        {
            pods.Remove(pod);
        }

        return null;
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

    private void OnPod(InformerChange<Pod> change)
    {
        var (before, after) = (Controller(change.Old), Controller(change.New));
        if (before is { } old)
        {
            Queue.Add(old);
        }

        if (after is { } now)
        {
            Queue.Add(now);
        }

        // An orphan may be adopted by any owner that selects it.
        if (change.New is { } pod && pod.Metadata.DeletionTimestamp is null && ControllerReference.Of(pod.Metadata) is null)
        {
            foreach (var owner in _owners.In(pod.Metadata.Namespace))
            {
                if (View(owner).Selector.Matches(pod.Metadata.Labels))
                {
                    Queue.Add(NamespacedName.Of(owner));
                }
            }
        }
    }

    private static NamespacedName? Controller(Pod? pod) =>
        pod is not null && ControllerReference.Of(pod.Metadata) is { } controller && controller.Kind == T.Resource.Kind
            ? new NamespacedName(pod.Metadata.Namespace, controller.Name)
            : null;
}
