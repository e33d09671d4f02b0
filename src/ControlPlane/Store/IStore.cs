namespace Dataplane.ControlPlane.Store;

/// <summary>A conditional write: it happens only if the key's current version is the expected one.</summary>
/// <param name="Key">Where the object lies.</param>
/// <param name="Expected">Revision of the version to replace, <see cref="Revision.None"/> when the key must not exist.</param>
/// <param name="Value">JSON without resourceVersion; empty for a deletion.</param>
/// <param name="IsDeletion">The key shall go.</param>
internal sealed record StoreWrite(string Key, Revision Expected, ReadOnlyMemory<byte> Value, bool IsDeletion)
{
    /// <summary>How long the version stays if nothing else is written; null for ever. Engines without leases leave the end to others.</summary>
    public TimeSpan? TimeToLive { get; init; }

    public static StoreWrite Put(string key, Revision expected, ReadOnlyMemory<byte> value) => new(key, expected, value, IsDeletion: false);

    public static StoreWrite Delete(string key, Revision expected) => new(key, expected, default, IsDeletion: true);
}

/// <summary>What became of a write.</summary>
/// <param name="Committed">False when the expectation did not hold.</param>
/// <param name="Object">The written (or deleted) version; when not committed the current one, null when there is none.</param>
internal readonly record struct CommitResult(bool Committed, StoredObject? Object);

/// <summary>A revision older than the history the store still has.</summary>
internal sealed class CompactedException(Revision requested, Revision oldest) : Exception($"too old resource version: {requested} ({oldest})")
{
    public Revision Oldest { get; } = oldest;
}

/// <summary>
/// Objects under keys, a total order of writes, and the recent past. Every write is a compare-and-swap and gets the next
/// revision; reads and watches are of committed writes only.
/// </summary>
internal interface IStore : IAsyncDisposable
{
    /// <summary>The newest committed state. Reading it never waits.</summary>
    StoreSnapshot Current { get; }

    /// <summary>The state at an earlier revision.</summary>
    /// <exception cref="CompactedException">It is no longer known.</exception>
    StoreSnapshot At(Revision revision);

    /// <summary>Commits one write; many callers' writes may share one transaction.</summary>
    ValueTask<CommitResult> CommitAsync(StoreWrite write, CancellationToken cancellation = default);

    /// <summary>Every write under a prefix after a revision, in order.</summary>
    /// <exception cref="CompactedException">Events after that revision are no longer known.</exception>
    StoreWatch Watch(string prefix, Revision after);

    /// <summary>
    /// Completes when <see cref="Current"/> has everything that was committed before the call, by whomever. An engine with one
    /// writer has it at once.
    /// </summary>
    /// <exception cref="IOException">The engine does not say.</exception>
    ValueTask RefreshAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <summary>Completes when the store has reached a revision.</summary>
    Task WaitForAsync(Revision revision, CancellationToken cancellation);
}
