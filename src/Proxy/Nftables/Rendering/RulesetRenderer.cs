using System.Net.Sockets;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Nftables.Rules;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Nftables.Rendering;

/// <summary>Renders plans: the first whole, each further one as the difference to the one before.</summary>
internal sealed class RulesetRenderer
{
    private readonly TableState _ip;
    private readonly TableState _ip6;

    private RulesetRenderer(ForwardingPlan plan, uint mark, RulesetChange change)
    {
        _ip = new TableState(NftFamily.Ip, plan.LocalDetector, mark, change.Ip);
        _ip6 = new TableState(NftFamily.Ip6, plan.LocalDetector, mark, change.Ip6);
    }

    /// <summary>Everything a plan needs.</summary>
    internal static (RulesetRenderer Renderer, RulesetChange Change) RenderAll(ForwardingPlan plan, uint mark)
    {
        var change = new RulesetChange(replace: true);
        var skeleton = new Skeleton(mark, plan.NodePorts);
        foreach (var table in change.Tables)
        {
            table.Sets.AddRange(Skeleton.Sets());
            table.Chains.AddRange(skeleton.Chains(table.Family));
        }

        var renderer = new RulesetRenderer(plan, mark, change);
        renderer.Render(plan.ChangesSince(ForwardingPlan.Empty), change);
        return (renderer, change);
    }

    /// <summary>What leads from <paramref name="previous"/>, which this renderer rendered last, to <paramref name="next"/>.</summary>
    internal RulesetChange RenderDifference(ForwardingPlan previous, ForwardingPlan next)
    {
        var change = new RulesetChange(replace: false);
        Render(next.ChangesSince(previous), change);
        return change;
    }

    // A front end may go from one Service to another in one step: then it changes, and is not first added and then removed.
    private void Render(IEnumerable<ServiceChange> services, RulesetChange change)
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
