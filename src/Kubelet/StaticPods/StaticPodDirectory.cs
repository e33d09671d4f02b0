using System.Threading.Channels;
using Dataplane.Api;
using Microsoft.Extensions.Logging;

namespace Dataplane.Kubelet.StaticPods;

/// <summary>The manifests of a directory: read when it changes, and every so often in case nobody says so.</summary>
internal sealed class StaticPodDirectory(string path, string nodeName, TimeProvider time, ILogger logger)
{
    // Upstream's fileCheckFrequency.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);

    private readonly Dictionary<string, string> _complaints = [];

    /// <summary>Hands out all pods of the directory whenever it is read. A file that is no pod is told of once and left out.</summary>
    internal async Task RunAsync(Action<IReadOnlyList<Pod>> read, CancellationToken cancellation)
    {
        var changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using var watcher = Watch(changes.Writer);
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            var tick = timer.WaitForNextTickAsync(cancellation).AsTask();
            while (true)
            {
                read(Read());
                var change = changes.Reader.ReadAsync(cancellation).AsTask();
                await (await Task.WhenAny(tick, change));
                if (tick.IsCompleted)
                {
                    tick = timer.WaitForNextTickAsync(cancellation).AsTask();
                    changes.Writer.TryWrite(true);
                }

                await change;
            }
        }
        catch (OperationCanceledException)
        {
            // The agent stops; its static pods go on as others do.
        }
    }

    internal IReadOnlyList<Pod> Read()
    {
        var pods = new Dictionary<NamespacedName, Pod>();
        foreach (var file in Files())
        {
            try
            {
                var pod = StaticPodFile.Parse(file, File.ReadAllBytes(file), nodeName, time.GetUtcNow());
                if (!pods.TryAdd(NamespacedName.Of(pod), pod))
                {
                    throw new FormatException($"pod {NamespacedName.Of(pod)} is in another file too");
                }

                _complaints.Remove(file);
            }
            catch (Exception problem) when (problem is FormatException or IOException or UnauthorizedAccessException)
            {
                if (_complaints.GetValueOrDefault(file) != problem.Message)
                {
                    _complaints[file] = problem.Message;
                    Log.StaticPodProblem(logger, file, problem.Message);
                }
            }
        }

        return [.. pods.Values];
    }

    /// <summary>Names with a dot first are not for us: editors and kubeadm write there before they rename.</summary>
    private IEnumerable<string> Files() =>
        Directory.Exists(path) ? Directory.EnumerateFiles(path).Where(file => !Path.GetFileName(file).StartsWith('.')).Order(StringComparer.Ordinal)
        : File.Exists(path) ? [path]
        : [];

    private FileSystemWatcher? Watch(ChannelWriter<bool> changes)
    {
        if (!Directory.Exists(path))
        {
            return null;
        }

        var watcher = new FileSystemWatcher(path);
        watcher.Created += (_, _) => changes.TryWrite(true);
        watcher.Changed += (_, _) => changes.TryWrite(true);
        watcher.Deleted += (_, _) => changes.TryWrite(true);
        watcher.Renamed += (_, _) => changes.TryWrite(true);
        watcher.EnableRaisingEvents = true;
        return watcher;
    }
}
