namespace Dataplane.ControlPlane.Store;

/// <summary>A store that is gone with the process: tests, and clusters that live for one command.</summary>
/// <param name="history">How many events are kept for watches and for lists of the past.</param>
internal sealed class MemoryStore(int history = 8192) : IStore
{
    private readonly Lock _gate = new();
    private readonly RevisionHistory _history = new(StoreSnapshot.Empty, history);

    public StoreSnapshot Current => _history.Current;

    public StoreSnapshot At(Revision revision) => _history.At(revision);

    public StoreWatch Watch(string prefix, Revision after) => _history.Watch(prefix, after);

    public Task WaitForAsync(Revision revision, CancellationToken cancellation) => _history.WaitForAsync(revision, cancellation);

    public ValueTask<CommitResult> CommitAsync(StoreWrite write, CancellationToken cancellation = default)
    {
        lock (_gate)
        {
            var current = _history.Current.Get(write.Key);
            if (WriteCheck.Apply(write, current, _history.Current.Revision.Next) is not { } change)
            {
                return new ValueTask<CommitResult>(new CommitResult(false, current));
            }

            _history.Publish([change]);
            return new ValueTask<CommitResult>(new CommitResult(true, change.Object));
        }
    }

    public ValueTask DisposeAsync()
    {
        _history.Close();
        return ValueTask.CompletedTask;
    }
}
