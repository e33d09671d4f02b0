namespace Dataplane.Api.Client;

public sealed partial class Informer<T>
{
    /// <summary>With <see cref="KeepsVersionsOnly"/>: what was told last of each object, and the list it was in last. Of the loop alone.</summary>
    private readonly Dictionary<NamespacedName, (ObjectVersion Version, int List)> _versions = [];

    private int _list;

    // Chunk by chunk: all of a large cluster's objects at once are many times what a reader makes of them. Which of them a list has is noted
    // beside the versions, since a second set of all names would be the larger part of what a list takes.
    private async Task ListVersionsAsync(CancellationToken cancellationToken)
    {
        _list++;
        await foreach (var chunk in ChunksAsync(() => _list++, cancellationToken).ConfigureAwait(false))
        {
            foreach (var obj in chunk)
            {
                var name = NamespacedName.Of(obj);
                var version = ObjectVersion.Of(obj.Metadata);
                if (Known(name) != version)
                {
                    Tell(name, Trim(obj), version);
                }
                else
                {
                    _versions[name] = (version, _list);
                }
            }
        }

        foreach (var name in _versions.Where(known => known.Value.List != _list).Select(known => known.Key).ToList())
        {
            _versions.Remove(name);
            Notify(new InformerChange<T>(InformerChangeType.Deleted, null, null) { Gone = name });
        }

        _synced.TrySetResult();
    }
}
