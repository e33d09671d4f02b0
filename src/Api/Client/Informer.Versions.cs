namespace Dataplane.Api.Client;

public sealed partial class Informer<T>
{
    /// <summary>With <see cref="KeepsVersionsOnly"/>: what was told last of each object. Of the loop alone.</summary>
    private readonly Dictionary<NamespacedName, ObjectVersion> _versions = [];

    // Chunk by chunk: all of a large cluster's objects at once are many times what a reader makes of them.
    private async Task ListVersionsAsync(CancellationToken cancellationToken)
    {
        var listed = new HashSet<NamespacedName>();
        await foreach (var chunk in ChunksAsync(listed.Clear, cancellationToken).ConfigureAwait(false))
        {
            foreach (var obj in chunk)
            {
                var name = NamespacedName.Of(obj);
                var version = ObjectVersion.Of(obj.Metadata);
                listed.Add(name);
                if (Known(name) != version)
                {
                    Tell(name, Trim(obj), version);
                }
            }
        }

        foreach (var name in _versions.Keys.Where(name => !listed.Contains(name)).ToList())
        {
            _versions.Remove(name);
            Notify(new InformerChange<T>(InformerChangeType.Deleted, null, null) { Gone = name });
        }

        _synced.TrySetResult();
    }
}
