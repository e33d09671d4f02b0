using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace Dataplane.ControlPlane.Store;

/// <summary>
/// A store in one SQLite file. One writer takes every write that is waiting into one transaction: the cost of making it durable
/// is shared. Reads and watches are served from memory and see a write once it is on disk.
/// </summary>
internal sealed class SqliteStore : IStore
{
    /// <summary>How many superseded revisions stay: for watches that resume after a restart, and for lists in pieces.</summary>
    internal const int KeptRevisions = 8192;

    private const int MaxBatch = 512;

    /// <summary>Events that become visible in one step when the past is read at the start.</summary>
    private const int LoadStep = 64;

    private readonly RevisionHistory _history;
    private readonly SqliteLog _log;
    private readonly Task _writer;
    private readonly Channel<PendingWrite> _pending = Channel.CreateUnbounded<PendingWrite>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>Writer's own: what the writes of the batch so far left under their keys, null for nothing.</summary>
    private readonly Dictionary<string, StoredObject?> _inBatch = new(StringComparer.Ordinal);

    private SqliteStore(SqliteLog log, RevisionHistory history)
    {
        _log = log;
        _history = history;
        _writer = Task.Run(WriteAsync);
    }

    public StoreSnapshot Current => _history.Current;

    /// <exception cref="IOException">Not a SQLite file, not a store, in use by another process, or unreadable; one line.</exception>
    public static SqliteStore Open(string path)
    {
        var log = SqliteLog.Open(path);
        try
        {
            var (start, events) = log.Load(KeptRevisions);
            var history = new RevisionHistory(start, KeptRevisions);
            foreach (var step in events.Chunk(LoadStep))
            {
                history.Publish(step);
            }

            return new SqliteStore(log, history);
        }
        catch (Exception failure) when (failure is SqliteException or InvalidDataException)
        {
            log.Dispose();
            throw new IOException($"{path}: cannot read the store: {failure.Message}", failure);
        }
    }

    public StoreSnapshot At(Revision revision) => _history.At(revision);

    public StoreWatch Watch(string prefix, Revision after) => _history.Watch(prefix, after);

    public Task WaitForAsync(Revision revision, CancellationToken cancellation) => _history.WaitForAsync(revision, cancellation);

    public async ValueTask<CommitResult> CommitAsync(StoreWrite write, CancellationToken cancellation = default)
    {
        var pending = new PendingWrite(write);
        if (!_pending.Writer.TryWrite(pending))
        {
            throw new IOException("the store is closed");
        }

        return await pending.Done.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _pending.Writer.TryComplete();
        await _writer;
        _history.Close();
        _log.Dispose();
    }

    private async Task WriteAsync()
    {
        var batch = new List<PendingWrite>();
        while (await _pending.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < MaxBatch && _pending.Reader.TryRead(out var pending))
            {
                batch.Add(pending);
            }

            Commit(batch);
        }
    }

    private void Commit(List<PendingWrite> batch)
    {
        try
        {
            var events = Decide(batch);
            _log.Append(events);
            _history.Publish(events);
        }
        catch (Exception failure)
        {
            // Nothing of the batch is on disk or visible: its writers are told, whatever it was, and the one writer goes on.
            var told = new IOException($"the store cannot write: {failure.Message}", failure);
            batch.ForEach(pending => pending.Done.TrySetException(told));
            return;
        }

        foreach (var pending in batch)
        {
            pending.Done.TrySetResult(pending.Change is { } change ? new CommitResult(true, change.Object) : new CommitResult(false, pending.Current));
        }

        try
        {
            _log.Compact(_history.Oldest);
        }
        catch (SqliteException)
        {
            // A disk without space for it: the next write tries again and tells its writer what is wrong.
        }
    }

    private StoreEvent[] Decide(List<PendingWrite> batch)
    {
        var snapshot = _history.Current;
        var revision = snapshot.Revision;
        var events = new List<StoreEvent>(batch.Count);
        _inBatch.Clear();
        foreach (var pending in batch)
        {
            var key = pending.Write.Key;
            pending.Current = _inBatch.TryGetValue(key, out var changed) ? changed : snapshot.Get(key);
            pending.Change = WriteCheck.Apply(pending.Write, pending.Current, revision.Next);
            if (pending.Change is { } change)
            {
                _inBatch[key] = change.IsDeletion ? null : change.Object;
                revision = change.Revision;
                events.Add(change);
            }
        }

        return [.. events];
    }

    private sealed class PendingWrite(StoreWrite write)
    {
        public StoreWrite Write { get; } = write;

        public TaskCompletionSource<CommitResult> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public StoreEvent? Change { get; set; }

        public StoredObject? Current { get; set; }
    }
}
