using System.Net.Sockets;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Nftables.Rules;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Nftables.Rendering;

/// <summary>Renders plans: what all Services share, then Services as they come and change.</summary>
internal sealed class RulesetRenderer
{
    private readonly TableState _ip;
    private readonly TableState _ip6;

    private RulesetRenderer(ForwardingPlan plan, uint mark, NumberSource ip, NumberSource ip6)
    {
        _ip = new TableState(NftFamily.Ip, plan.LocalDetector, mark, ip);
        _ip6 = new TableState(NftFamily.Ip6, plan.LocalDetector, mark, ip6);
    }

    /// <summary>The part of the tables that a plan's Services have in common; they follow by <see cref="Render"/>.</summary>
    /// <param name="plan">What is to be loaded.</param>
    /// <param name="mark">The masquerade mark.</param>
    /// <param name="dropInvalid">Whether packets of no known connection are dropped.</param>
    /// <param name="earlier">Endpoints' numbers in the table that this one replaces; null for none.</param>
    internal static (RulesetRenderer Renderer, RulesetChange Change) Start(
        ForwardingPlan plan, uint mark, bool dropInvalid = true, Func<NftFamily, NumberSource>? earlier = null)
    {
        var change = new RulesetChange(creates: true);
        var skeleton = new Skeleton(mark, plan.NodePorts, plan.ServiceRanges, dropInvalid);
        foreach (var table in change.Tables)
        {
            var sizes = SetSizes.For(plan, table.Family);
            table.Sets.AddRange(Skeleton.Sets().Select(set => set with { Size = sizes.Of(set) }));
            table.Chains.AddRange(skeleton.Chains(table.Family));
        }

        return (new RulesetRenderer(plan, mark, earlier?.Invoke(NftFamily.Ip) ?? new(), earlier?.Invoke(NftFamily.Ip6) ?? new()), change);
    }

    /// <summary>Elements that go, elements and chains that come, when Services change so. The renderer's next change starts from there.</summary>
    internal RulesetChange Render(IEnumerable<ServiceChange> services)
    {
        var change = new RulesetChange(creates: false);
        Render(services, change);
        return change;
    }

    /// <summary>As <see cref="Render(IEnumerable{ServiceChange})"/>, into an empty change.</summary>
    // A front end may go from one Service to another in one step: then it changes, and is not first added and then removed.
    internal void Render(IEnumerable<ServiceChange> services, RulesetChange change)
    {
        var frontEnds = new Dictionary<FrontEnd, FrontEndPlan?>();
        foreach (var service in services)
        {
            foreach (var plan in service.Before?.FrontEnds ?? [])
            {
                frontEnds.TryAdd(plan.FrontEnd, null);
            }

            foreach (var plan in service.After?.FrontEnds ?? [])
            {
                frontEnds[plan.FrontEnd] = plan;
            }
        }

        _ip.Render(Of(AddressFamily.InterNetwork), change.Ip);
        _ip6.Render(Of(AddressFamily.InterNetworkV6), change.Ip6);

        IEnumerable<(FrontEnd, FrontEndPlan?)> Of(AddressFamily family) =>
            frontEnds.Where(pair => pair.Key.Family == family).Select(pair => (pair.Key, pair.Value));
    }
}
