using System.Threading.Channels;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Machinery;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Scheduling;

/// <summary>Gives pods without a node one.</summary>
/// <remarks>
/// <code>
/// informers ──changes──> one loop: cluster state ──> filter, rank, place ──> bind (beside the loop)
///                          ^                                                   │
///                          └─────── not bound: what does the cache say? ───────┘
/// </code>
/// A decision counts at once, so the next pod sees it before the server does. A pod that fits nowhere waits for a change that
/// could help: a node that came or changed, a pod that went.
/// </remarks>
internal sealed class Scheduler
{
    private const string Name = "default-scheduler";

    private readonly Channel<Action> _inbox = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ClusterState _cluster = new();
    private readonly Dictionary<NamespacedName, Pod> _unschedulable = [];
    private readonly Dictionary<NamespacedName, Pod> _pending = [];

    /// <summary>By the pod's uid, what is being written about pods that fit nowhere: nothing that is decided later may be written before it.</summary>
    private readonly Dictionary<string, Task> _refusals = new(StringComparer.Ordinal);
    private readonly SharedInformers _informers;
    private readonly Lister<Pod> _pods;
    private readonly EventRecorder _events;
    private readonly PodBinder _binder;
    private readonly VolumeBinder _volumeBinder;
    private readonly VolumeFilter _volumes;

    private Scheduler(SharedInformers informers, EventRecorder events, PodBinder binder, VolumeBinder volumeBinder)
    {
        _informers = informers;
        _pods = informers.Of<Pod>();
        _events = events;
        _binder = binder;
        _volumeBinder = volumeBinder;
        _volumes = new VolumeFilter(informers, () => Post(RetryUnschedulable));
    }

    /// <summary>A scheduler over caches that others use as well; made before they run.</summary>
    public static Scheduler Create(KubernetesClient client, SharedInformers informers, ILoggerFactory loggers, TimeProvider time)
    {
        var events = new EventRecorder(client, Name, loggers.CreateLogger<EventRecorder>(), time);
        var scheduler = new Scheduler(
            informers,
            events,
            new PodBinder(client, events, loggers.CreateLogger<Scheduler>(), time),
            new VolumeBinder(client, informers, loggers.CreateLogger<VolumeBinder>(), time));
        informers.Of<Node>().Subscribe(change => scheduler.Post(() => scheduler.OnNode(change)));
        informers.Of<Pod>().Subscribe(change => scheduler.Post(() => scheduler.OnPod(change)));
        return scheduler;
    }

    /// <summary>Schedules until cancelled, once the caches are filled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _informers.WaitForSyncAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }

        await Task.WhenAll(_events.RunAsync(cancellationToken), LoopAsync(cancellationToken)).ConfigureAwait(false);
    }

    private void Post(Action change) => _inbox.Writer.TryWrite(change);

    private async Task LoopAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (await _inbox.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                // All that is known counts before anything is decided.
                while (_inbox.Reader.TryRead(out var change))
                {
                    change();
                }

                Pod[] pods = [.. _pending.Values.OrderByDescending(pod => pod.Spec.Priority ?? 0).ThenBy(pod => pod.Metadata.CreationTimestamp)];
                _pending.Clear();
                foreach (var pod in pods)
                {
                    Schedule(pod, cancellationToken);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The end asked for.
        }
    }

    private void Schedule(Pod pod, CancellationToken cancellationToken)
    {
        if (_volumes.Needs(pod, out var needed) is { } blocked)
        {
            Refuse(pod, SchedulingFailure.Message(_cluster.Nodes.Count(), blocked), cancellationToken);
            return;
        }

        var reasons = new List<IReadOnlyList<string>>();
        var fitting = new List<NodeState>();
        foreach (var node in _cluster.Nodes)
        {
            var why = NodeFilter.Reasons(pod, node);
            if (why.Count == 0 && !needed.IsNone && _volumes.Reason(needed, node.Node!) is { } lacking)
            {
                why = [lacking];
            }

            if (why.Count == 0)
            {
                fitting.Add(node);
            }
            else
            {
                reasons.Add(why);
            }
        }

        if (fitting.Count == 0)
        {
            Refuse(pod, SchedulingFailure.Message(reasons), cancellationToken);
            return;
        }

        var best = NodeRanking.Best(pod, fitting);
        var choice = _volumes.Choose(needed, best.Node!) ?? VolumeChoice.Nothing;
        _volumes.Take(choice);
        _cluster.Place(pod, best.Name);
        _refusals.Remove(pod.Metadata.UID, out var refusal);
        _ = BindAsync(pod, best.Name, choice, refusal ?? Task.CompletedTask, cancellationToken);
    }

    private void Refuse(Pod pod, string message, CancellationToken cancellationToken)
    {
        _unschedulable[NamespacedName.Of(pod)] = pod;
        var before = _refusals.GetValueOrDefault(pod.Metadata.UID, Task.CompletedTask);
        _refusals[pod.Metadata.UID] = RefuseAsync(pod, message, before, cancellationToken);
    }

    private async Task RefuseAsync(Pod pod, string message, Task before, CancellationToken cancellationToken)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _binder.RefuseAsync(pod, message, cancellationToken).ConfigureAwait(false);
    }

    private async Task BindAsync(Pod pod, string node, VolumeChoice choice, Task refusal, CancellationToken cancellationToken)
    {
        await refusal.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var bound = await _volumeBinder.BindAsync(pod, node, choice, cancellationToken).ConfigureAwait(false)
            && await _binder.BindAsync(pod, node, cancellationToken).ConfigureAwait(false);
        if (choice.Chosen.Count > 0)
        {
            Post(() => _volumes.Release(choice));
        }

        if (!bound && !cancellationToken.IsCancellationRequested)
        {
            Post(() => Undo(pod));
        }
    }

    /// <summary>Takes a decision back. The pod needs another one unless it went or got a node from somebody else.</summary>
    private void Undo(Pod decided)
    {
        _cluster.Remove(decided.Metadata.UID);
        var name = NamespacedName.Of(decided);
        if (_pods.TryGet(name, out var pod) && pod.Metadata.UID == decided.Metadata.UID)
        {
            OnPod(new InformerChange<Pod>(InformerChangeType.Updated, null, pod));
        }

        // The place that was kept for it is free for others.
        RetryUnschedulable();
    }

    private void OnNode(InformerChange<Node> change)
    {
        _cluster.Apply(change);
        if (change is not { Old: { } old, New: { } node } || CouldHelp(old, node))
        {
            RetryUnschedulable();
        }
    }

    private void OnPod(InformerChange<Pod> change)
    {
        if (_cluster.Apply(change))
        {
            RetryUnschedulable();
        }

        var name = change.Name;
        if (change.New is { } pod && IsOurs(pod))
        {
            if (_cluster.IsPlaced(pod.Metadata.UID))
            {
                // Being bound: what the server shows is older than the decision.
                return;
            }

            // Its own refusal comes back as an update of its status, which changes nothing about where it fits.
            if (!_unschedulable.TryGetValue(name, out var waiting)
                || waiting.Metadata.UID != pod.Metadata.UID
                || waiting.Metadata.Generation != pod.Metadata.Generation)
            {
                _pending[name] = pod;
            }
            else
            {
                _unschedulable[name] = pod;
            }
        }
        else
        {
            _pending.Remove(name);
            _unschedulable.Remove(name);
            _refusals.Remove(change.Object.Metadata.UID);
        }
    }

    private void RetryUnschedulable()
    {
        foreach (var (name, pod) in _unschedulable)
        {
            _pending[name] = pod;
        }

        _unschedulable.Clear();
    }

    private static bool IsOurs(Pod pod) =>
        string.IsNullOrEmpty(pod.Spec.NodeName)
        && pod.Spec.SchedulerName is null or "" or Name
        && pod.Spec.SchedulingGates.Count == 0
        && pod.Metadata.DeletionTimestamp is null
        && pod.Status.Phase is not ("Succeeded" or "Failed");

    /// <summary>Heartbeats change a node every few seconds and help nobody.</summary>
    private static bool CouldHelp(Node old, Node node) =>
        old.Spec.Unschedulable != node.Spec.Unschedulable
        || !ApiJson.SameContent(old.Spec, node.Spec)
        || !old.Metadata.Labels.OrderBy(label => label.Key).SequenceEqual(node.Metadata.Labels.OrderBy(label => label.Key))
        || !old.Status.Allocatable.OrderBy(amount => amount.Key).SequenceEqual(node.Status.Allocatable.OrderBy(amount => amount.Key));
}
