using System.Collections.Concurrent;
using System.Globalization;
using Dataplane.Api;
using Dataplane.Api.Client;

namespace Dataplane.ControlPlane.Controllers.Machinery;

/// <summary>
/// A controller's own writes laid over a cache that has not seen them yet, so that nothing is created, deleted or counted twice
/// and nothing has to wait for the cache.
/// </summary>
/// <remarks>
/// Resource versions are compared as numbers: within one resource they grow (KEP-5504). A write the watch never shows, because it
/// was undone before the cache could see it, is dropped after <see cref="Lifetime"/>.
/// </remarks>
internal sealed class OwnWrites<T>
    where T : class, IResource<T>
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    private readonly Lister<T> _cache;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, Write> _writes = [];

    public OwnWrites(Lister<T> cache, TimeProvider time)
    {
        _cache = cache;
        _time = time;
        cache.Subscribe(Seen);
    }

    private enum Kind
    {
        Saved,
        Ending,
        Gone,
    }

    private sealed record Write(T Object, Kind Kind, DateTimeOffset At);

    /// <summary>The objects of a namespace with own writes in place of what the cache has.</summary>
    public List<T> In(string ns)
    {
        // The writes first: one that the cache catches up with meanwhile would otherwise be in neither.
        var writes = _writes.ToDictionary();
        var objects = new List<T>();
        foreach (var obj in _cache.In(ns))
        {
            if (!writes.Remove(obj.Metadata.UID, out var write) || IsShown(obj, write))
            {
                objects.Add(obj);
            }
            else if (write.Kind != Kind.Gone)
            {
                objects.Add(write.Object);
            }
        }

        foreach (var (uid, write) in writes)
        {
            if (_time.GetUtcNow() - write.At > Lifetime)
            {
                _writes.TryRemove(uid, out _);
            }
            else if (write.Kind == Kind.Saved && write.Object.Metadata.Namespace == ns)
            {
                objects.Add(write.Object);
            }
        }

        return objects;
    }

    /// <summary>An object as of the last own write, which the cache may not show yet.</summary>
    public T Newest(T obj) => _writes.TryGetValue(obj.Metadata.UID, out var write) && write.Kind == Kind.Saved ? write.Object : obj;

    /// <summary>Remembers what the server answered to a create or an update.</summary>
    public T Wrote(T obj)
    {
        _writes[obj.Metadata.UID] = new Write(obj, Kind.Saved, _time.GetUtcNow());
        // The watch may have been faster than the answer.
        if (_cache.TryGet(NamespacedName.Of(obj), out var cached) && HasSeen(cached, obj))
        {
            _writes.TryRemove(obj.Metadata.UID, out _);
        }

        return obj;
    }

    /// <summary>Remembers that an object is no more, or as good as gone: it is not shown again.</summary>
    public void Deleted(T obj) => Removed(obj, Kind.Gone, obj);

    /// <summary>Remembers that an object was asked to end: it is shown as ending until the cache tells what became of it.</summary>
    public void Ending(T obj)
    {
        var ending = ApiJson.Clone(obj);
        ending.Metadata = ending.Metadata with { DeletionTimestamp = ending.Metadata.DeletionTimestamp ?? _time.GetUtcNow() };
        Removed(obj, Kind.Ending, ending);
    }

    /// <summary>Drops an own write that turned out not to hold: the object was not found.</summary>
    public void Forget(T obj) => _writes.TryRemove(obj.Metadata.UID, out _);

    private void Removed(T obj, Kind kind, T shown)
    {
        _writes[obj.Metadata.UID] = new Write(shown, kind, _time.GetUtcNow());
        if (!_cache.TryGet(NamespacedName.Of(obj), out var cached)
            || cached.Metadata.UID != obj.Metadata.UID
            || cached.Metadata.DeletionTimestamp is not null)
        {
            _writes.TryRemove(obj.Metadata.UID, out _);
        }
    }

    private void Seen(InformerChange<T> change)
    {
        var obj = change.Object;
        if (_writes.TryGetValue(obj.Metadata.UID, out var write)
            && (change.New is null || IsShown(obj, write)))
        {
            _writes.TryRemove(new KeyValuePair<string, Write>(obj.Metadata.UID, write));
        }
    }

    /// <summary>Whether the cached object shows what was written.</summary>
    private static bool IsShown(T cached, Write write) =>
        write.Kind == Kind.Saved ? HasSeen(cached, write.Object) : cached.Metadata.DeletionTimestamp is not null;

    private static bool HasSeen(T cached, T written) =>
        cached.Metadata.UID == written.Metadata.UID && Version(cached) >= Version(written);

    private static ulong Version(T obj) => ulong.TryParse(obj.Metadata.ResourceVersion, CultureInfo.InvariantCulture, out var version) ? version : 0;
}
