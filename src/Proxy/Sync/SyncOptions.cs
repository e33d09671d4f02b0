namespace Dataplane.Proxy.Sync;

/// <summary>How often the sync loop works.</summary>
internal sealed record SyncOptions
{
    /// <summary>The least time between the starts of two syncs. The first change after a quiet interval is put into force at once.</summary>
    internal TimeSpan MinInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often to make sure that what was put into force still is.</summary>
    internal TimeSpan CheckInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The wait after a first failure; it doubles with every further one up to <see cref="CheckInterval"/>.</summary>
    internal TimeSpan FirstRetry { get; init; } = TimeSpan.FromMilliseconds(100);
}
