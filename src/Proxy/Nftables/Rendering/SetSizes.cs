using System.Net.Sockets;
using System.Numerics;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Nftables.Rules;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Nftables.Rendering;

/// <summary>
/// How many elements the sets of one table may get. A set that says its size is a hash table of that size (net/netfilter/nft_set_hash.c, nft_hash):
/// without it the kernel takes a resizable one, which is larger, and moves all its elements in the background as it grows. Room is left for the
/// cluster to double; when it has, a new table is made.
/// </summary>
internal sealed class SetSizes
{
    /// <summary>Of sets that packets add to; the kernel lets none in beyond that: 64 MB at the most.</summary>
    internal const int MostClients = 1 << 18;

    private const int Least = 1024;

    private readonly Dictionary<string, int> _needed = [];

    private SetSizes()
    {
    }

    /// <summary>Twice what a plan needs.</summary>
    internal static SetSizes For(ForwardingPlan plan, NftFamily family)
    {
        var wanted = family == NftFamily.Ip6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        var sizes = new SetSizes();
        foreach (var service in plan.Services.Values)
        {
            foreach (var frontEnd in service.FrontEnds)
            {
                if (frontEnd.FrontEnd.Family == wanted)
                {
                    sizes.Count(frontEnd);
                }
            }
        }

        return sizes;
    }

    /// <summary>Null where the kernel takes no size, or should not be held to one.</summary>
    internal int? Of(SetDefinition set) =>
        set.Flags.HasFlag(NftSetFlags.Interval) ? null
        : set.Flags.HasFlag(NftSetFlags.Dynamic) ? MostClients
        : (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(Least, 2 * _needed.GetValueOrDefault(set.Name)));

    private void Count(FrontEndPlan plan)
    {
        var nodePort = plan.FrontEnd.Address is null;
        Add(nodePort ? Skeleton.NodePortMap : Skeleton.Services, 1);
        Add(Skeleton.ClusterIPs, plan.Kind == FrontEndKind.ClusterIP ? 1 : 0);
        Count(plan.Route, new EndpointSets(nodePort, false), plan.AffinityTimeout is not null);
        if (plan.OutsideRoute is { } outside)
        {
            Count(outside, new EndpointSets(nodePort, true), plan.AffinityTimeout is not null);
        }
    }

    private void Count(Route route, EndpointSets sets, bool affine)
    {
        foreach (var set in affine ? [sets.AffineSlots, sets.AffineEndpoints] : new[] { sets.Endpoints })
        {
            Add(set, route.Endpoints.Length);
        }

        foreach (var endpoint in route.Endpoints)
        {
            Add(Skeleton.Hairpins, endpoint.IsLocal ? 1 : 0);
        }
    }

    private void Add(string set, int count)
    {
        if (count > 0)
        {
            _needed[set] = _needed.GetValueOrDefault(set) + count;
        }
    }
}
