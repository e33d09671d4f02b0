using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Dataplane.Api.Client;

/// <summary>Follows all objects of one kind: a list, then a watch from its version, and a local copy kept current.</summary>
/// <remarks>
/// <code>
/// list (chunks) ──> diff with the copy ──> watch from its version ──┬─ ends, breaks: back off, watch again from the last version seen
///      ^                                                           └─ 410 Expired: the version is gone
///      └───────────────────────────────────────────────────────────────────┘
/// </code>
/// The list after a 410 also tells of what was deleted unseen. Bookmarks move the version on while nothing changes, so that 410s stay rare.
/// Objects are shared with every reader: never mutate them, use <c>with</c>.
/// </remarks>
public sealed partial class Informer<T>
    where T : class, IResource<T>
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ShortestWatch = TimeSpan.FromSeconds(1);

    private readonly KubernetesClient _client;
    private readonly InformerOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Backoff _backoff = new(FirstDelay, LongestDelay);
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Action<InformerChange<T>>> _subscribers = [];
    private volatile ImmutableDictionary<NamespacedName, T> _objects = ImmutableDictionary<NamespacedName, T>.Empty;
    private bool _running;
    private long _lastHeard;

    /// <summary>The version of the last object, list or bookmark seen; null asks for a list.</summary>
    private string? _version;

    /// <summary>
    /// For readers that take what they need from each change, and have a copy of their own: no object is kept, a first list is told of as it arrives,
    /// <see cref="Snapshot"/> stays empty, and changes have no <see cref="InformerChange{T}.Old"/>.
    /// </summary>
    public bool KeepsVersionsOnly { get; init; }

    public Informer(KubernetesClient client, InformerOptions options, ILogger logger, TimeProvider? time = null)
    {
        _client = client;
        _options = options;
        _logger = logger;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>All objects as of the last change; never changes under a reader.</summary>
    public IReadOnlyDictionary<NamespacedName, T> Snapshot => _objects;

    /// <summary>Whether the first list has been delivered to every subscriber.</summary>
    public bool HasSynced => _synced.Task.IsCompletedSuccessfully;

    /// <summary>One object of the copy.</summary>
    public bool TryGet(NamespacedName name, [NotNullWhen(true)] out T? obj) => _objects.TryGetValue(name, out obj);

    /// <summary>When the server last said anything, be it that nothing changed (a bookmark, about every minute); null before its first word.</summary>
    public DateTimeOffset? LastHeard => Interlocked.Read(ref _lastHeard) is var ticks and > 0 ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>
    /// Asks to be told of every change, in order, on the informer's loop, after <see cref="Snapshot"/> shows it.
    /// Only before <see cref="RunAsync"/>.
    /// </summary>
    public void Subscribe(Action<InformerChange<T>> subscriber)
    {
        if (_running)
        {
            throw new InvalidOperationException("subscribe before the informer runs: later subscribers would miss changes");
        }

        _subscribers.Add(subscriber);
    }

    /// <summary>Completes when <see cref="HasSynced"/>.</summary>
    public Task WaitForSyncAsync(CancellationToken cancellationToken) => _synced.Task.WaitAsync(cancellationToken);

    /// <summary>Follows the objects until cancelled. Server and network errors are logged and retried, never thrown.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _running = true;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (_version is null)
                {
                    await (KeepsVersionsOnly ? ListVersionsAsync(cancellationToken) : ListAsync(cancellationToken)).ConfigureAwait(false);
                }

                await WatchAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (ApiException error) when (error.IsExpired)
            {
                Log.Relisting(_logger, T.Resource.Plural, error.Message);
                _version = null;
                await PauseAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception error) when (error is ApiException or HttpRequestException or IOException or JsonException or OperationCanceledException)
            {
                Log.Disconnected(_logger, T.Resource.Plural, error.Message);
                await PauseAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task PauseAsync(CancellationToken cancellationToken) =>
        await Task.Delay(_backoff.Next(), _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task ListAsync(CancellationToken cancellationToken)
    {
        var listed = ImmutableDictionary.CreateBuilder<NamespacedName, T>();
        await foreach (var chunk in ChunksAsync(listed.Clear, cancellationToken).ConfigureAwait(false))
        {
            foreach (var obj in chunk)
            {
                listed[NamespacedName.Of(obj)] = Trim(obj);
            }
        }

        Replace(listed.ToImmutable());
        _synced.TrySetResult();
    }

    /// <summary>A list in chunks; at its end <see cref="_version"/> is the list's.</summary>
    /// <param name="again">Told when what came so far is of no use, and all of it follows once more.</param>
    /// <param name="cancellationToken">Ends it.</param>
    private async IAsyncEnumerable<IReadOnlyList<T>> ChunksAsync(Action again, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new ListOptions
        {
            Namespace = _options.Namespace,
            LabelSelector = _options.LabelSelector,
            FieldSelector = _options.FieldSelector,
            Limit = _options.ChunkSize,
        };
        while (true)
        {
            KubernetesList<T> chunk;
            try
            {
                chunk = await _client.ListAsync<T>(request, cancellationToken).ConfigureAwait(false);
            }
            catch (ApiException error) when (error.IsExpired && request.Continue is not null)
            {
                // The list outlived the server's history: one answer with everything cannot.
                again();
                request = request with { Continue = null, Limit = null };
                continue;
            }

            Heard();
            yield return chunk.Items;
            if (string.IsNullOrEmpty(chunk.Metadata.Continue))
            {
                _backoff.Reset();
                _version = chunk.Metadata.ResourceVersion;
                yield break;
            }

            request = request with { Continue = chunk.Metadata.Continue };
        }
    }

    /// <summary>Watches until the server ends it.</summary>
    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        var options = new WatchOptions
        {
            Namespace = _options.Namespace,
            LabelSelector = _options.LabelSelector,
            FieldSelector = _options.FieldSelector,
            ResourceVersion = _version,
            // Not the same for all, so that the watches of a restarted server do not end together for ever.
            Timeout = TimeSpan.FromSeconds(Random.Shared.Next(300, 600)),
        };
        var started = _time.GetTimestamp();
        await foreach (var change in _client.WatchAsync<T>(options, cancellationToken).ConfigureAwait(false))
        {
            _version = change.Object.Metadata.ResourceVersion;
            Heard();
            _backoff.Reset();
            Apply(change);
        }

        if (_time.GetElapsedTime(started) < ShortestWatch)
        {
            // A server or proxy that ends watches at once must not be asked in a tight loop.
            await PauseAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private void Heard() => Interlocked.Exchange(ref _lastHeard, _time.GetUtcNow().UtcTicks);

    private void Apply(WatchEvent<T> change)
    {
        if (change.Type == WatchEventType.Bookmark)
        {
            return;
        }

        var name = NamespacedName.Of(change.Object);
        var obj = Trim(change.Object);
        var version = ObjectVersion.Of(obj.Metadata);
        // A server behind its peers may watch from further back than the last one did.
        if (Known(name) is { } known && version.IsOlderThan(known))
        {
            Log.WentBack(_logger, T.Resource.Plural, name, version.ToString(), known.ToString());
            return;
        }

        if (change.Type == WatchEventType.Deleted)
        {
            Forget(name);
            Notify(new InformerChange<T>(InformerChangeType.Deleted, obj, null));
            return;
        }

        Tell(name, obj, version);
    }

    private ObjectVersion? Known(NamespacedName name) => KeepsVersionsOnly
        ? _versions.TryGetValue(name, out var known) ? known.Version : null
        : _objects.TryGetValue(name, out var obj) ? ObjectVersion.Of(obj.Metadata) : null;

    private void Forget(NamespacedName name)
    {
        _versions.Remove(name);
        _objects = _objects.Remove(name);
    }

    /// <summary>Takes an object in and tells of it.</summary>
    private void Tell(NamespacedName name, T obj, ObjectVersion version)
    {
        var known = Known(name);
        var old = _objects.GetValueOrDefault(name);
        if (KeepsVersionsOnly)
        {
            _versions[name] = (version, _list);
        }
        else
        {
            _objects = _objects.SetItem(name, obj);
        }

        NotifyReplaced(name, known, old, obj, version);
    }

    private void Replace(ImmutableDictionary<NamespacedName, T> listed)
    {
        var before = _objects;
        // A list is what there is, whatever its version.
        _objects = listed;
        foreach (var (name, old) in before)
        {
            if (!listed.ContainsKey(name))
            {
                Notify(new InformerChange<T>(InformerChangeType.Deleted, old, null));
            }
        }

        foreach (var (name, obj) in listed)
        {
            before.TryGetValue(name, out var old);
            var version = ObjectVersion.Of(obj.Metadata);
            var known = old is null ? (ObjectVersion?)null : ObjectVersion.Of(old.Metadata);
            if (known != version)
            {
                NotifyReplaced(name, known, old, obj, version);
            }
        }
    }

    private void NotifyReplaced(NamespacedName name, ObjectVersion? known, T? old, T obj, ObjectVersion version)
    {
        if (known?.IsSameObject(version) == false)
        {
            Notify(new InformerChange<T>(InformerChangeType.Deleted, old, null) { Gone = name });
            (known, old) = (null, null);
        }

        Notify(new InformerChange<T>(known is null ? InformerChangeType.Added : InformerChangeType.Updated, old, obj));
    }

    private void Notify(InformerChange<T> change)
    {
        foreach (var subscriber in _subscribers)
        {
            try
            {
                subscriber(change);
            }
            catch (Exception error)
            {
                // One subscriber's fault must not stop the copy the others rely on.
                Log.SubscriberFailed(_logger, T.Resource.Plural, change.Name, error);
            }
        }
    }

    /// <summary>Nobody here reads managed fields, which are often the larger part of an object.</summary>
    private static T Trim(T obj)
    {
        obj.Metadata.ManagedFields = [];
        return obj;
    }
}
