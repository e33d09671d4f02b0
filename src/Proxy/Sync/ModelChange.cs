using Dataplane.Api;

namespace Dataplane.Proxy.Sync;

/// <summary>What informers hand to the sync loop.</summary>
/// <param name="SeenAt">Timestamp of the loop's TimeProvider at which the informer told of it.</param>
internal abstract record ModelChange(long SeenAt)
{
    /// <param name="Service">Null when it was deleted.</param>
    internal sealed record OfService(long SeenAt, NamespacedName Name, Service? Service) : ModelChange(SeenAt)
    {
        /// <summary>For the log, which must not hold whole objects.</summary>
        public override string ToString() => $"Service {Name}";
    }

    /// <param name="Slice">Null when it was deleted.</param>
    internal sealed record OfEndpointSlice(long SeenAt, NamespacedName Name, EndpointSlice? Slice) : ModelChange(SeenAt)
    {
        /// <inheritdoc cref="OfService.ToString"/>
        public override string ToString() => $"EndpointSlice {Name}";
    }

    /// <param name="Node">The proxy's own node; null when it was deleted.</param>
    internal sealed record OfNode(long SeenAt, Node? Node) : ModelChange(SeenAt)
    {
        /// <inheritdoc cref="OfService.ToString"/>
        public override string ToString() => $"Node {Node?.Metadata.Name}";
    }

    /// <param name="Range">Null when it was deleted.</param>
    internal sealed record OfServiceCidr(long SeenAt, NamespacedName Name, ServiceCIDR? Range) : ModelChange(SeenAt)
    {
        /// <inheritdoc cref="OfService.ToString"/>
        public override string ToString() => $"ServiceCIDR {Name}";
    }

    /// <summary>Every cache has delivered its first list: from now on a missing Service is one that does not exist.</summary>
    internal sealed record CachesSynced(long SeenAt) : ModelChange(SeenAt);

    /// <summary>Somebody else may have changed what the mode rendered.</summary>
    internal sealed record ForeignChange(long SeenAt) : ModelChange(SeenAt);
}
