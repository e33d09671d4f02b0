namespace Dataplane.Kubelet.Runtimes;

/// <summary>A log that the runtime writes itself: whoever follows it looks again after a moment.</summary>
internal sealed class FollowedLog(string path, TimeProvider time) : IContainerLog
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string FilePath { get; } = path;

    public int Generation => 0;

    public bool IsClosed => _closed.Task.IsCompleted;

    public Task Changed => Task.WhenAny(_closed.Task, Task.Delay(Interval, time));

    internal void Close() => _closed.TrySetResult();
}
