using System.Collections.Concurrent;
using Dataplane.Kubelet.Runtimes.Cri.V1;

namespace Dataplane.Kubelet.Runtimes.Cri;

/// <summary>
/// Sees containers end. The interface has an event stream only since its newest versions, so the list is asked for every half
/// second, as upstream does every second, while anything runs.
/// </summary>
internal sealed class CriRelist
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<string, CriContainer> _running = new(StringComparer.Ordinal);
    private readonly CriClient _cri;
    private readonly ListContainersRequest _request;
    private readonly TimeProvider _time;

    internal CriRelist(CriClient cri, string node, TimeProvider time, CancellationToken stopping)
    {
        (_cri, _time) = (cri, time);
        _request = new ListContainersRequest { Filter = new ContainerFilter { LabelSelector = { [CriPlan.NodeLabel] = node } } };
        Stopped = Task.Run(() => RunAsync(stopping), CancellationToken.None);
    }

    internal IEnumerable<CriContainer> Running => _running.Values;

    /// <summary>Completes after it was told to stop.</summary>
    internal Task Stopped { get; }

    internal void Add(CriContainer container)
    {
        if (!container.Exit.IsCompleted)
        {
            _running[container.Id] = container;
        }
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            using var timer = new PeriodicTimer(Interval, _time);
            while (await timer.WaitForNextTickAsync(stopping))
            {
                if (!_running.IsEmpty)
                {
                    await LookAsync(stopping);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The agent stops.
        }
    }

    private async Task LookAsync(CancellationToken stopping)
    {
        try
        {
            // Before the list is asked for: what is added afterwards cannot be missing from it.
            var awaited = _running.Values.ToArray();
            var list = await _cri.RuntimeAsync("ListContainers", _request, ListContainersResponse.Parser, stopping);
            var running = list.Containers.Where(one => one.State == ContainerState.ContainerRunning).Select(one => one.Id).ToHashSet(StringComparer.Ordinal);
            foreach (var container in awaited.Where(one => !running.Contains(one.Id)))
            {
                container.Seen(await StatusAsync(container.Id, stopping));
                if (container.Exit.IsCompleted)
                {
                    _running.TryRemove(container.Id, out _);
                }
            }
        }
        catch (CriException)
        {
            // The runtime restarts or is slow; what runs in it is looked for again.
        }
    }

    private async Task<ContainerStatus?> StatusAsync(string id, CancellationToken stopping)
    {
        try
        {
            return (await _cri.RuntimeAsync("ContainerStatus", new ContainerStatusRequest { ContainerId = id }, ContainerStatusResponse.Parser, stopping)).Status;
        }
        catch (CriException gone) when (gone.Status == Hosting.Grpc.StatusCode.NotFound)
        {
            return null;
        }
    }
}
