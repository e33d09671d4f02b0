namespace Dataplane.Kubelet.Runtimes;

/// <summary>A log that the runtime writes itself: whoever follows it looks again after a moment.</summary>
internal sealed class FollowedLog(string path, TimeProvider time) : IContainerLog
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _generation;

    public string FilePath { get; } = path;

    public int Generation => Volatile.Read(ref _generation);

    public bool IsClosed => _closed.Task.IsCompleted;

    public Task Changed => Task.WhenAny(_closed.Task, Task.Delay(Interval, time));

    internal void Close() => _closed.TrySetResult();

    /// <summary>Moves the file away when it has become too long, and has the runtime begin another one.</summary>
    /// <param name="options">What is too long, and how many files are kept.</param>
    /// <param name="reopen">After it the runtime writes to <see cref="FilePath"/> again.</param>
    /// <exception cref="IOException">It goes on in the file it had.</exception>
    internal async Task RotateAsync(ContainerLogOptions options, Func<Task> reopen)
    {
        if (new FileInfo(FilePath) is not { Exists: true } file || file.Length <= options.MaxSize)
        {
            return;
        }

        // Until the runtime has gone over, what it writes is in the old file, and followers stay with that.
        var isReopened = false;
        Interlocked.Increment(ref _generation);
        try
        {
            var moved = LogRotation.Move(FilePath, time.GetUtcNow());
            try
            {
                await reopen();
                isReopened = true;
            }
            finally
            {
                if (!isReopened && !File.Exists(FilePath))
                {
                    File.Move(moved, FilePath);
                }
            }
        }
        finally
        {
            Interlocked.Add(ref _generation, isReopened ? 1 : -1);
        }

        LogRotation.TidyUp(FilePath, options.MaxFiles);
    }
}
