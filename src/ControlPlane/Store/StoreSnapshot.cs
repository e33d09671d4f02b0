using System.Collections.Immutable;

namespace Dataplane.ControlPlane.Store;

/// <summary>Everything that existed at one revision. Snapshots share what did not change between them.</summary>
internal sealed class StoreSnapshot(Revision revision, ImmutableSortedSet<StoredObject> objects)
{
    public static readonly StoreSnapshot Empty =
        new(Revision.None, ImmutableSortedSet.Create<StoredObject>(Comparer<StoredObject>.Create((x, y) => string.CompareOrdinal(x.Key, y.Key))));

    public Revision Revision { get; } = revision;

    public int Count => objects.Count;

    public StoredObject? Get(string key) => objects.TryGetValue(StoredObject.Probe(key), out var found) ? found : null;

    /// <summary>Objects whose key starts with a prefix, in key order, from a key on (included).</summary>
    public IEnumerable<StoredObject> List(string prefix, string? from = null)
    {
        var start = from is not null && string.CompareOrdinal(from, prefix) > 0 ? from : prefix;
        var index = objects.IndexOf(StoredObject.Probe(start));
        for (var i = index < 0 ? ~index : index; i < objects.Count; i++)
        {
            var obj = objects[i];
            if (!obj.Key.StartsWith(prefix, StringComparison.Ordinal))
            {
                yield break;
            }

            yield return obj;
        }
    }

    /// <summary>The state after writes that follow each other. One new snapshot for all of them: what they share is made once.</summary>
    public StoreSnapshot With(ReadOnlySpan<StoreEvent> changes)
    {
        if (changes.IsEmpty)
        {
            return this;
        }

        var next = objects.ToBuilder();
        foreach (var change in changes)
        {
            if (change.Previous is not null)
            {
                next.Remove(change.Previous);
            }

            if (!change.IsDeletion)
            {
                next.Add(change.Object);
            }
        }

        return new StoreSnapshot(changes[^1].Revision, next.ToImmutable());
    }

    /// <summary>The same state at a later revision, when nothing was written in between.</summary>
    public StoreSnapshot At(Revision later) => new(later, objects);

    /// <summary>The snapshot a store starts from.</summary>
    public static StoreSnapshot Of(Revision revision, IEnumerable<StoredObject> objects) => new(revision, Empty.Objects.Union(objects));

    private ImmutableSortedSet<StoredObject> Objects => objects;
}
