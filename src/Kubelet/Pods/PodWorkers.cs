using System.Collections.Concurrent;
using Dataplane.Api;
using Dataplane.Api.Client;

namespace Dataplane.Kubelet.Pods;

/// <summary>One worker for each pod bound to this node, by uid: a pod of the same name may follow while the old one ends.</summary>
internal sealed class PodWorkers(PodServices services)
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(20);

    private readonly ConcurrentDictionary<string, (PodWorker Worker, Task Run)> _workers = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private bool _stops;

    /// <summary>The pods that are on this machine, with those that end.</summary>
    internal IEnumerable<PodWorker> All => _workers.Values.Select(one => one.Worker);

    internal PodWorker? FindUid(string uid) => _workers.TryGetValue(uid, out var known) ? known.Worker : null;

    /// <summary>Runs a pod that the server does not know, until it is told that the pod is no more.</summary>
    internal void StartStatic(Pod pod) => Start(pod, isStatic: true);

    internal PodWorker? Find(NamespacedName name) =>
        All.Where(worker => NamespacedName.Of(worker.Pod) == name)
            .OrderBy(worker => worker.Pod.Metadata.DeletionTimestamp is not null)
            .FirstOrDefault();

    /// <summary>Called on the informer's loop.</summary>
    internal void Handle(InformerChange<Pod> change)
    {
        if (change.Old is { } old && old.Metadata.UID != change.New?.Metadata.UID && _workers.TryGetValue(old.Metadata.UID, out var before))
        {
            before.Worker.Update(null);
        }

        if (change.New is not { } pod)
        {
            return;
        }

        if (_workers.TryGetValue(pod.Metadata.UID, out var known))
        {
            known.Worker.Update(pod);
            return;
        }

        Start(pod, isStatic: false);
    }

    /// <summary>
    /// Registered before it runs: it takes itself out when it is finished. Pods go on coming for a while after the agent has begun to
    /// stop; those are another agent's.
    /// </summary>
    private void Start(Pod pod, bool isStatic)
    {
        var (uid, start) = (pod.Metadata.UID, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_gate)
        {
            if (_stops)
            {
                return;
            }

            var worker = new PodWorker(pod, services, isStatic);
            _workers[uid] = (worker, RunAsync(worker, uid, start.Task));
        }

        start.SetResult();
    }

    /// <summary>Ends the workers, and the pods' processes with them when asked to. From its beginning no other is started.</summary>
    internal async Task StopAsync(bool removePods)
    {
        lock (_gate)
        {
            _stops = true;
        }

        if (removePods)
        {
            foreach (var (worker, _) in _workers.Values)
            {
                worker.Kill();
            }

            await Task.WhenAny(Task.WhenAll(_workers.Values.Select(one => one.Run)), Task.Delay(StopLimit, services.Time));
        }

        await _stopping.CancelAsync();
        await Task.WhenAll(_workers.Values.Select(one => one.Run));
        _stopping.Dispose();
    }

    private async Task RunAsync(PodWorker worker, string uid, Task start)
    {
        await start;
        await worker.RunAsync(_stopping.Token);
        _workers.TryRemove(uid, out _);
    }
}
