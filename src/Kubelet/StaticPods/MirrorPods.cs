using System.Collections.Concurrent;
using System.Threading.Channels;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Kubelet.Pods;
using Microsoft.Extensions.Logging;

namespace Dataplane.Kubelet.StaticPods;

/// <summary>
/// Runs the pods of the directory and keeps a mirror of each on the server: made anew when somebody deletes
/// or changes it, and gone when the file is. A mirror's deletion ends no container.
/// </summary>
internal sealed class MirrorPods(PodWorkers workers, PodServices services)
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(2);

    private readonly Channel<bool> _work = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ConcurrentDictionary<NamespacedName, Pod> _mirrors = new();
    private volatile IReadOnlyList<Pod> _wanted = [];

    /// <summary>What the directory holds now.</summary>
    internal void SetWanted(IReadOnlyList<Pod> pods)
    {
        _wanted = pods;
        _work.Writer.TryWrite(true);
    }

    /// <summary>Called on the informer's loop for every pod of this node that is a mirror.</summary>
    internal void Observe(InformerChange<Pod> change)
    {
        if (change.New is { } mirror)
        {
            _mirrors[change.Name] = mirror;
            Show(mirror.Metadata.Annotations[StaticPodFile.MirrorAnnotation], change.Name);
        }
        else
        {
            _mirrors.TryRemove(change.Name, out _);
        }

        _work.Writer.TryWrite(true);
    }

    /// <summary>Brings containers and mirrors nearer to the directory until cancelled; what fails is tried again.</summary>
    internal async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await _work.Reader.ReadAsync(cancellation);
                var again = StartAndStop();
                again |= !await MirrorAsync(cancellation);
                if (again)
                {
                    await Task.Delay(RetryInterval, services.Time, cancellation);
                    _work.Writer.TryWrite(true);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The agent stops.
        }
    }

    /// <returns>Whether something has to wait for something else to end.</returns>
    private bool StartAndStop()
    {
        var (wanted, waits) = (_wanted, false);
        foreach (var worker in workers.All.Where(one => one.IsStatic && !wanted.Any(pod => pod.Metadata.UID == one.Pod.Metadata.UID)))
        {
            worker.Update(null);
        }

        foreach (var pod in wanted.Where(pod => workers.FindUid(pod.Metadata.UID) is null))
        {
            if (workers.All.Any(one => one.IsStatic && NamespacedName.Of(one.Pod) == NamespacedName.Of(pod)))
            {
                // The earlier version of the same file ends first.
                waits = true;
                continue;
            }

            workers.StartStatic(pod);
            Show(pod.Metadata.UID, NamespacedName.Of(pod));
        }

        return waits;
    }

    // Worker and mirror come in any order: whoever is second brings them together.
    private void Show(string uid, NamespacedName name)
    {
        if (_mirrors.TryGetValue(name, out var mirror) && mirror.Metadata.Annotations[StaticPodFile.MirrorAnnotation] == uid)
        {
            workers.FindUid(uid)?.ObserveMirror(mirror);
        }
    }

    /// <returns>False when the server could not be told.</returns>
    private async Task<bool> MirrorAsync(CancellationToken cancellation)
    {
        var wanted = _wanted;
        var done = true;
        foreach (var (name, mirror) in _mirrors)
        {
            if (!wanted.Any(pod => NamespacedName.Of(pod) == name && pod.Metadata.UID == mirror.Metadata.Annotations[StaticPodFile.MirrorAnnotation]))
            {
                done &= await ToldAsync(() => services.Client.DeleteAsync<Pod>(
                    name, new DeleteOptions { GracePeriodSeconds = 0, Preconditions = new Preconditions { UID = mirror.Metadata.UID } }, cancellation));
            }
            else if (mirror.Metadata.DeletionTimestamp is not null)
            {
                done &= await ToldAsync(() => services.Client.DeleteAsync<Pod>(name, new DeleteOptions { GracePeriodSeconds = 0 }, cancellation));
            }
        }

        foreach (var pod in wanted.Where(pod => !_mirrors.ContainsKey(NamespacedName.Of(pod))))
        {
            done &= await ToldAsync(async () =>
            {
                var node = await services.Client.GetAsync<Node>("", services.Options.NodeName, cancellation);
                await services.Client.CreateAsync(StaticPodFile.MirrorOf(pod, node), cancellation);
            });
        }

        return done;
    }

    private async Task<bool> ToldAsync(Func<Task> request)
    {
        try
        {
            await request();
            return true;
        }
        catch (ApiException refusal) when (refusal.IsNotFound)
        {
            return true;
        }
        catch (Exception failure) when (failure is ApiException or HttpRequestException or IOException)
        {
            Log.Retrying(services.Logger, services.Options.NodeName, "mirroring static pods", failure.Message);
            return false;
        }
    }
}
