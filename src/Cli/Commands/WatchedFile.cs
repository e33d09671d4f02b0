namespace Dataplane.Cli.Commands;

/// <summary>A file that ends the program when somebody writes it: kube-proxy does so with its configuration, and its DaemonSet starts it again with the new one.</summary>
internal sealed class WatchedFile : IDisposable
{
    private readonly TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly FileSystemWatcher _watcher;

    /// <exception cref="IOException">The folder cannot be watched.</exception>
    internal WatchedFile(string path)
    {
        Path = System.IO.Path.GetFullPath(path);
        _watcher = new FileSystemWatcher(System.IO.Path.GetDirectoryName(Path)!, System.IO.Path.GetFileName(Path)) { NotifyFilter = NotifyFilters.LastWrite | NotifyFilters.FileName };
        _watcher.Changed += (_, _) => _changed.TrySetResult();
        // Editors write another file and give it the name.
        _watcher.Created += (_, _) => _changed.TrySetResult();
        _watcher.Renamed += (_, _) => _changed.TrySetResult();
        _watcher.EnableRaisingEvents = true;
    }

    internal string Path { get; }

    /// <summary>Completes when the file was written or another took its name.</summary>
    internal Task Changed => _changed.Task;

    public void Dispose() => _watcher.Dispose();
}
