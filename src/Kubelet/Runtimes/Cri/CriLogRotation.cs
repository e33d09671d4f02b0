using Dataplane.Kubelet.Runtimes.Cri.V1;

namespace Dataplane.Kubelet.Runtimes.Cri;

/// <summary>
/// A CRI runtime writes its containers' logs without end: the kubelet looks how long they are, as upstream's container log manager
/// does, moves what is too long out of the way and has the runtime open the file anew.
/// </summary>
internal sealed class CriLogRotation
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private readonly CriClient _cri;
    private readonly CriRelist _containers;
    private readonly ContainerLogOptions _options;
    private readonly TimeProvider _time;

    internal CriLogRotation(CriClient cri, CriRelist containers, ContainerLogOptions options, TimeProvider time, CancellationToken stopping)
    {
        (_cri, _containers, _options, _time) = (cri, containers, options, time);
        Stopped = Task.Run(() => RunAsync(stopping), CancellationToken.None);
    }

    /// <summary>Completes after it was told to stop.</summary>
    internal Task Stopped { get; }

    private async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            using var timer = new PeriodicTimer(_options.MonitorInterval, _time);
            while (await timer.WaitForNextTickAsync(stopping))
            {
                foreach (var container in _containers.Running)
                {
                    await RotateAsync(container, stopping);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The agent stops.
        }
    }

    private async Task RotateAsync(CriContainer container, CancellationToken stopping)
    {
        try
        {
            await container.Written.RotateAsync(_options, () => _cri.RuntimeAsync(
                "ReopenContainerLog", new ReopenContainerLogRequest { ContainerId = container.Id }, ReopenContainerLogResponse.Parser, stopping, Deadline));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // It has ended, or its runtime is slow, or the disk full: it is looked at again.
        }
    }
}
