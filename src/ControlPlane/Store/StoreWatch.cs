using System.Threading.Channels;

namespace Dataplane.ControlPlane.Store;

/// <summary>A watcher's queue. One that falls too far behind is closed, as upstream does; the client lists and watches again.</summary>
internal sealed class StoreWatch : IDisposable
{
    private readonly Channel<StoreEvent> _events;
    private readonly RevisionHistory _history;

    /// <param name="history">Where the events come from.</param>
    /// <param name="prefix">Of the keys to watch.</param>
    /// <param name="capacity">Events that may wait; at least as many as the history can replay.</param>
    internal StoreWatch(RevisionHistory history, string prefix, int capacity)
    {
        _events = Channel.CreateBounded<StoreEvent>(new BoundedChannelOptions(capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
        _history = history;
        Prefix = prefix;
    }

    public string Prefix { get; }

    public ChannelReader<StoreEvent> Events => _events.Reader;

    /// <summary>A revision that every event in the queue so far belongs to or precedes: what a bookmark may promise once the queue is read.</summary>
    public Revision Delivered => _history.DeliveredRevision();

    internal void Offer(StoreEvent change)
    {
        if (change.Object.Key.StartsWith(Prefix, StringComparison.Ordinal) && !_events.Writer.TryWrite(change))
        {
            _events.Writer.TryComplete();
        }
    }

    internal void Complete() => _events.Writer.TryComplete();

    public void Dispose()
    {
        _history.Remove(this);
        Complete();
    }
}
