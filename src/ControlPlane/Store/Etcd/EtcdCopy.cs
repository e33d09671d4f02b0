using Dataplane.ControlPlane.Store.Etcd.Messages;
using Dataplane.Hosting.Grpc;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Store.Etcd;

/// <summary>
/// The copy in memory of what is in etcd. It follows a watch of all keys, not only of its own, so that it always knows which
/// revision it has reached.
/// </summary>
/// <remarks>
/// <code>
/// load (pages at one revision) ──> watch from the next one ──┬─ breaks: another member, from the revision reached
///      ^                                                    └─ that revision is compacted: the copy is of no use
///      └──── watchers are sent away, they list again ────────────────┘
/// </code>
/// </remarks>
internal sealed class EtcdCopy(
    EtcdClient client, EtcdKeys keys, Func<string, ReadOnlyMemory<byte>, ReadOnlyMemory<byte>?> read, ILogger logger, TimeProvider time)
{
    private const int PageSize = 1000;
    private const int KeptEvents = 8192;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private volatile RevisionHistory _history = new(StoreSnapshot.Empty, KeptEvents);
    private volatile bool _closed;

    public RevisionHistory History => _history;

    /// <summary>Reads everything at one revision; watchers of an earlier copy are sent away.</summary>
    /// <exception cref="RpcException">No member gives it.</exception>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        var (from, to) = keys.All;
        var objects = new List<StoredObject>();
        var request = new RangeRequest { Key = from, RangeEnd = to, Limit = PageSize };
        RangeResponse page;
        do
        {
            page = await client.RangeAsync(request, cancellation);
            request.Revision = request.Revision == 0 ? page.Header.Revision : request.Revision;
            foreach (var entry in page.Kvs)
            {
                if (keys.FromEtcd(entry.Key) is { } key && Read(key, entry, previous: null) is { } obj)
                {
                    objects.Add(obj);
                }
            }

            if (page.Kvs.Count > 0)
            {
                // The first key after the last one: itself and a zero byte.
                request.Key = ByteString.CopyFrom([.. page.Kvs[^1].Key.Span, 0]);
            }
        }
        while (page.More);

        var before = _history;
        _history = new RevisionHistory(StoreSnapshot.Of(new Revision(request.Revision), objects), KeptEvents);
        before.Close();
    }

    /// <summary>Follows until cancelled; what breaks is mended.</summary>
    public async Task FollowAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                if (!await WatchAsync(cancellation))
                {
                    Log.CopyExpired(logger, _history.Current.Revision.Value);
                    await LoadAsync(cancellation);
                }
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (RpcException failure)
            {
                Log.EtcdLost(logger, failure.Message);
                client.LeaveMember();
                await Task.Delay(Pause, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Completes when the copy has reached a revision.</summary>
    /// <exception cref="IOException">The store was closed.</exception>
    public async Task WaitForAsync(Revision revision, CancellationToken cancellation)
    {
        // A history that is replaced lets go of those who wait; its successor may be where they want to be.
        while (_history.Current.Revision < revision)
        {
            if (_closed)
            {
                throw new IOException("the store is closed");
            }

            await _history.WaitForAsync(revision, cancellation);
        }
    }

    public void Close()
    {
        _closed = true;
        _history.Close();
    }

    /// <returns>False when the revision to go on from is no longer there.</returns>
    private async Task<bool> WatchAsync(CancellationToken cancellation)
    {
        await using var call = await client.WatchAsync(_history.Current.Revision.Value + 1, cancellation);
        var events = new List<Event>();
        while (true)
        {
            var (more, answer) = await call.ReadAsync(cancellation);
            if (!more)
            {
                throw new RpcException(StatusCode.Unavailable, "the watch was ended");
            }

            if (answer!.Canceled)
            {
                return answer.CompactRevision > 0 ? false : throw new RpcException(StatusCode.Unavailable, answer.CancelReason);
            }

            events.AddRange(answer.Events);
            if (!answer.Fragment && events.Count > 0)
            {
                Apply(events);
                events.Clear();
            }
        }
    }

    private void Apply(List<Event> events)
    {
        var changed = new Dictionary<string, StoredObject?>(StringComparer.Ordinal);
        var changes = new List<StoreEvent>(events.Count);
        var snapshot = _history.Current;
        foreach (var change in events)
        {
            if (keys.FromEtcd(change.Kv.Key) is not { } key)
            {
                continue;
            }

            var previous = changed.TryGetValue(key, out var known) ? known : snapshot.Get(key);
            var now = change.Type == Event.Types.EventType.Delete ? null : Read(key, change.Kv, previous);
            if (now is not null)
            {
                changes.Add(new StoreEvent(now, previous, IsDeletion: false));
            }
            else if (previous is not null)
            {
                changes.Add(new StoreEvent(previous.At(new Revision(change.Kv.ModRevision)), previous, IsDeletion: true));
            }

            changed[key] = now;
        }

        _history.Publish([.. changes]);
        _history.Advance(new Revision(events[^1].Kv.ModRevision));
    }

    /// <summary>An entry as an object; null for one that is none, which is told and otherwise not there.</summary>
    private StoredObject? Read(string key, KeyValue entry, StoredObject? previous)
    {
        try
        {
            return read(key, entry.Value.Memory) is { } value
                ? StoredObject.Create(key, new Revision(entry.CreateRevision), new Revision(entry.ModRevision), value.Span, previous)
                : null;
        }
        catch (Exception failure) when (failure is InvalidDataException or System.Text.Json.JsonException or Machinery.Json.DecodeException)
        {
            Log.Unreadable(logger, key, failure.Message);
            return null;
        }
    }
}
