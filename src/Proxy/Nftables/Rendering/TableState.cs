using System.Net;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Nftables.Rules;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Nftables.Rendering;

/// <summary>What one table holds, and how to get from one front end's plan to the next.</summary>
internal sealed class TableState
{
    private readonly Dictionary<FrontEnd, RenderedFrontEnd> _frontEnds = [];
    private readonly Dictionary<IPAddress, int> _clusterIPs = [];
    private readonly Dictionary<IPAddress, int> _hairpins = [];
    private readonly ChainTemplates _chains;
    private readonly NumberSource _numbers;
    private TableChange _change;

    internal TableState(NftFamily family, LocalDetector detector, uint mark, NumberSource numbers)
    {
        _numbers = numbers;
        _change = new TableChange(family);
        _chains = new ChainTemplates(family, detector, mark, chain => _change.Chains.Add(chain));
    }

    /// <summary>Brings front ends to their plans; null for one that goes. The state is of no use any more if the change is not committed.</summary>
    internal void Render(IEnumerable<(FrontEnd FrontEnd, FrontEndPlan? Plan)> frontEnds, TableChange change)
    {
        _change = change;
        var clusterIPs = new CountedChange(_clusterIPs);
        var hairpins = new CountedChange(_hairpins);
        foreach (var (frontEnd, plan) in frontEnds)
        {
            var before = _frontEnds.GetValueOrDefault(frontEnd, RenderedFrontEnd.None);
            var after = plan is null ? RenderedFrontEnd.None : Next(before, plan);
            Write(frontEnd, before, after);
            clusterIPs.Replace(before.IsClusterIP ? [frontEnd.Address!] : [], after.IsClusterIP ? [frontEnd.Address!] : []);
            hairpins.Replace(before.LocalAddresses, after.LocalAddresses);
            if (plan is null)
            {
                _frontEnds.Remove(frontEnd);
            }
            else
            {
                _frontEnds[frontEnd] = after;
            }
        }

        clusterIPs.Write(
            address => change.Remove(Skeleton.ClusterIPs, ClusterIP(address)),
            address => change.Add(Skeleton.ClusterIPs, ClusterIP(address)));
        hairpins.Write(
            address => change.Remove(Skeleton.Hairpins, Elements.Hairpin(address)),
            address => change.Add(Skeleton.Hairpins, Elements.Hairpin(address)));
    }

    private RenderedFrontEnd Next(RenderedFrontEnd before, FrontEndPlan plan)
    {
        var slots = SlotAssignment.Assign(before.Slots, plan.Route.Endpoints);
        var outside = SlotAssignment.Assign(before.OutsideSlots, plan.OutsideRoute?.Endpoints ?? []);
        return new RenderedFrontEnd(_chains.For(plan, slots.Length, outside.Length), slots, outside)
        {
            Numbers = plan.AffinityTimeout is null ? null : EndpointNumbers.Assign(before.Numbers, plan.FrontEnd, slots.Concat(outside), _numbers),
            IsClusterIP = plan.Kind == FrontEndKind.ClusterIP,
            SourceRanges = plan.SourceRanges,
        };
    }

    private void Write(FrontEnd frontEnd, RenderedFrontEnd before, RenderedFrontEnd after)
    {
        var nodePort = frontEnd.Address is null;
        WriteEndpoints(frontEnd, new EndpointSets(nodePort, false), (before.Slots, before.Numbers), (after.Slots, after.Numbers));
        WriteEndpoints(frontEnd, new EndpointSets(nodePort, true), (before.OutsideSlots, before.Numbers), (after.OutsideSlots, after.Numbers));
        foreach (var range in before.SourceRanges.Except(after.SourceRanges))
        {
            _change.Remove(Skeleton.SourceRanges, Elements.SourceRange(frontEnd, range));
        }

        foreach (var range in after.SourceRanges.Except(before.SourceRanges))
        {
            _change.Add(Skeleton.SourceRanges, Elements.SourceRange(frontEnd, range));
        }

        if (before.Verdict != after.Verdict)
        {
            var map = nodePort ? Skeleton.NodePortMap : Skeleton.Services;
            if (before.Verdict is { } old)
            {
                _change.Remove(map, new NftElement(Elements.FrontEnd(frontEnd), old));
            }

            if (after.Verdict is { } next)
            {
                _change.Add(map, new NftElement(Elements.FrontEnd(frontEnd), next));
            }
        }
    }

    private void WriteEndpoints(
        FrontEnd frontEnd,
        EndpointSets sets,
        (EndpointTarget[] Slots, EndpointNumbers? Numbers) before,
        (EndpointTarget[] Slots, EndpointNumbers? Numbers) after)
    {
        var sameMap = before.Numbers is null == after.Numbers is null;
        for (var slot = 0; slot < Math.Max(before.Slots.Length, after.Slots.Length); slot++)
        {
            if (sameMap && slot < before.Slots.Length && slot < after.Slots.Length && before.Slots[slot].IsSameAddress(after.Slots[slot]))
            {
                continue;
            }

            if (slot < before.Slots.Length)
            {
                var (map, element) = SlotElement(frontEnd, sets, slot, before.Slots[slot], before.Numbers);
                _change.Remove(map, element);
            }

            if (slot < after.Slots.Length)
            {
                var (map, element) = SlotElement(frontEnd, sets, slot, after.Slots[slot], after.Numbers);
                _change.Add(map, element);
            }
        }

        // An endpoint's number goes with it, and takes it from all the clients that remember it.
        var (had, has) = (before.Numbers is null ? [] : before.Slots, after.Numbers is null ? [] : after.Slots);
        foreach (var target in had.ExceptBy(has.Select(Key), Key))
        {
            _change.Remove(sets.AffineEndpoints, Elements.AffineEndpoint(frontEnd, before.Numbers![target], target));
        }

        foreach (var target in has.ExceptBy(had.Select(Key), Key))
        {
            _change.Add(sets.AffineEndpoints, Elements.AffineEndpoint(frontEnd, after.Numbers![target], target));
        }

        static (IPAddress, ushort) Key(EndpointTarget target) => (target.Address, target.Port);
    }

    private static (string Map, NftElement Element) SlotElement(
        FrontEnd frontEnd, EndpointSets sets, int slot, EndpointTarget target, EndpointNumbers? numbers) =>
        numbers is null
            ? (sets.Endpoints, Elements.Endpoint(frontEnd, slot, target))
            : (sets.AffineSlots, Elements.AffineSlot(frontEnd, slot, numbers[target]));

    private static NftElement ClusterIP(IPAddress address) => new(NftValue.Address(address));
}
