using System.Collections.Immutable;
using System.Net;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Nftables.Rendering;

/// <summary>What the table holds for one front end.</summary>
/// <param name="Verdict">Of its element in services or nodeports; null when it has none.</param>
/// <param name="Slots">Endpoints by random number.</param>
/// <param name="OutsideSlots">The same for outside clients, where they differ.</param>
internal sealed record RenderedFrontEnd(NftVerdict? Verdict, EndpointTarget[] Slots, EndpointTarget[] OutsideSlots)
{
    /// <summary>A front end that is not there.</summary>
    internal static RenderedFrontEnd None { get; } = new(null, [], []);

    /// <summary>Endpoints' numbers, of both routes; null without session affinity.</summary>
    internal EndpointNumbers? Numbers { get; init; }

    internal bool IsClusterIP { get; init; }

    internal ImmutableArray<IPNetwork> SourceRanges { get; init; } = [];

    /// <summary>Endpoints that may be given to themselves here.</summary>
    internal IEnumerable<IPAddress> LocalAddresses => Slots.Concat(OutsideSlots).Where(target => target.IsLocal).Select(target => target.Address);
}
