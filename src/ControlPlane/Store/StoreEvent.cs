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
    private static readonly byte[][] Heads =
        ["{\"type\":\"ADDED\",\"object\":"u8.ToArray(), "{\"type\":\"MODIFIED\",\"object\":"u8.ToArray(), "{\"type\":\"DELETED\",\"object\":"u8.ToArray()];

    private readonly byte[]?[] _frames = new byte[3][];

    public Revision Revision => Object.Modified;

    /// <summary>The event as a version of its resource shows it; this very event unless that is not how the object is stored.</summary>
    public StoreEvent As(ResourceDescriptor descriptor)
    {
        if (!descriptor.IsCustom)
        {
            return this;
        }

        var (shown, before) = (descriptor.Present(Object), Previous is null ? null : descriptor.Present(Previous));
        return ReferenceEquals(shown, Object) && ReferenceEquals(before, Previous) ? this : new StoreEvent(shown, before, IsDeletion);
    }

    /// <summary>The line of a JSON watch that shows this event as one type; a selector can turn a change into an ADDED or a DELETED.</summary>
    public ReadOnlyMemory<byte> JsonFrame(WatchEventType type)
    {
        ref var frame = ref _frames[(int)type];
        return frame ??= Frame(type, type == WatchEventType.Deleted && !IsDeletion ? Previous!.At(Revision) : Object);
    }

    /// <summary>A line for an object that is not an event: the initial state of a watch.</summary>
    public static byte[] Frame(WatchEventType type, StoredObject obj)
    {
        var head = Heads[(int)type];
        return [.. head, .. obj.Json.Span, (byte)'}', (byte)'\n'];
    }
}
