using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.Store;

internal enum WatchEventType
{
    Added,
    Modified,
    Deleted,
}

/// <summary>One committed write. Every watcher gets this same instance, so its encodings are made once.</summary>
/// <param name="Object">The new version; for a deletion the last one, under the deletion's revision.</param>
/// <param name="Previous">The version it replaced; null for a creation.</param>
/// <param name="IsDeletion">The key has gone.</param>
internal sealed record StoreEvent(StoredObject Object, StoredObject? Previous, bool IsDeletion)
{
    private StoredObject? _left;
    private Encodings? _encodings;

    public Revision Revision => Object.Modified;

    /// <summary>The event as a version of its resource shows it; this very event unless that is not how the object is stored.</summary>
    public StoreEvent As(ResourceDescriptor descriptor)
    {
        if (!descriptor.ConvertsStored)
        {
            return this;
        }

        var (shown, before) = (descriptor.Present(Object), Previous is null ? null : descriptor.Present(Previous));
        return ReferenceEquals(shown, Object) && ReferenceEquals(before, Previous) ? this : new StoreEvent(shown, before, IsDeletion);
    }

    /// <summary>
    /// The object an event of this type shows. A selector can turn a change into a DELETED: that shows the last version that
    /// was selected, under the revision of the change.
    /// </summary>
    public StoredObject Shown(WatchEventType type) =>
        type == WatchEventType.Deleted && !IsDeletion ? _left ??= Previous!.At(Revision) : Object;

    /// <summary>The bytes of this event in a form that is not the stored one, made at the first use.</summary>
    /// <param name="type">How the event looks to the watcher.</param>
    /// <param name="encode">Makes the bytes; the same for every watcher that passes this very delegate.</param>
    public ReadOnlyMemory<byte> Encoded(WatchEventType type, Func<StoreEvent, WatchEventType, byte[]> encode)
    {
        for (var known = Volatile.Read(ref _encodings); known is not null; known = known.Next)
        {
            if (known.Type == type && known.Encode == encode)
            {
                return known.Bytes;
            }
        }

        // Two watchers at the same moment may both encode; one of them is kept, both are right.
        var made = new Encodings(type, encode, encode(this, type), Volatile.Read(ref _encodings));
        Interlocked.CompareExchange(ref _encodings, made, made.Next);
        return made.Bytes;
    }

    /// <summary>Forgets encodings and what was made for selectors: a watcher this far behind makes its own.</summary>
    internal void Forget()
    {
        Volatile.Write(ref _encodings, null);
        _left = null;
    }

    private sealed record Encodings(WatchEventType Type, Func<StoreEvent, WatchEventType, byte[]> Encode, byte[] Bytes, Encodings? Next);
}
