namespace Dataplane.ControlPlane.Store;

/// <summary>The compare of compare-and-swap, the same for every store.</summary>
internal static class WriteCheck
{
    /// <summary>The event a write leads to at a revision, or null when its expectation does not hold.</summary>
    public static StoreEvent? Apply(StoreWrite write, StoredObject? current, Revision revision)
    {
        if ((current?.Modified ?? Revision.None) != write.Expected || (current is null && write.IsDeletion))
        {
            return null;
        }

        return write.IsDeletion
            ? new StoreEvent(current!.At(revision), current, IsDeletion: true)
            : new StoreEvent(StoredObject.Create(write.Key, current?.Created ?? revision, revision, write.Value.Span, current), current, IsDeletion: false);
    }
}
