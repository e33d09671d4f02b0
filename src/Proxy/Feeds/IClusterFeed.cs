using Dataplane.Api;

namespace Dataplane.Proxy.Feeds;

/// <summary>Where a proxy hears of Services, EndpointSlices, ServiceCIDRs and its own Node: an API server, or a benchmark's made-up cluster.</summary>
public interface IClusterFeed
{
    /// <summary>Tells of everything there is, then that this was everything, then of every change, until cancelled.</summary>
    Task RunAsync(IClusterListener listener, CancellationToken cancellation);
}

/// <summary>Who is told. Safe for several threads; every call returns at once.</summary>
public interface IClusterListener
{
    /// <param name="name">Which.</param>
    /// <param name="service">Null when it was deleted.</param>
    void Tell(NamespacedName name, Service? service);

    /// <param name="name">Which.</param>
    /// <param name="slice">Null when it was deleted.</param>
    void Tell(NamespacedName name, EndpointSlice? slice);

    /// <param name="node">The proxy's own; null when it was deleted.</param>
    void Tell(Node? node);

    /// <param name="name">Which.</param>
    /// <param name="range">Null when it was deleted.</param>
    void Tell(NamespacedName name, ServiceCIDR? range);

    /// <summary>From now on a missing Service is one that does not exist.</summary>
    void Synced();
}
