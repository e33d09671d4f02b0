using System.Collections.Immutable;
using System.Net;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Userspace;

/// <summary>An element of one of the tables' sets or maps. Several front ends may need the same one.</summary>
internal readonly record struct TableElement(NftTable Table, string Set, NftElement Element);

/// <summary>What a front end puts into the sets and maps of <see cref="UserspaceRules"/>.</summary>
internal static class FrontEndElements
{
    internal static ImmutableArray<TableElement> Of(FrontEndPlan plan, Steering steering)
    {
        var elements = ImmutableArray.CreateBuilder<TableElement>();
        var frontEnd = plan.FrontEnd;
        var (table, key, isNodePort) = (UserspaceTable.Of(frontEnd.Family), KeyOf(frontEnd), frontEnd.Address is null);
        if (plan.Kind == FrontEndKind.ClusterIP)
        {
            elements.Add(new TableElement(table, UserspaceRules.ClusterIPs, new NftElement(NftValue.Address(frontEnd.Address!))));
        }

        switch (steering.Action)
        {
            case SteeringAction.Redirect:
                var ports = isNodePort ? UserspaceRules.NodePorts : UserspaceRules.ServicePorts;
                elements.Add(new TableElement(table, ports, new NftElement(key, NftValue.Port(steering.Ports.All))));
                break;
            case SteeringAction.Reject or SteeringAction.Drop:
                var refused = isNodePort ? UserspaceRules.RefusedNodePorts : UserspaceRules.RefusedServices;
                elements.Add(new TableElement(table, refused, new NftElement(key, VerdictOf(steering.Action == SteeringAction.Reject))));
                break;
        }

        if (steering.Action == SteeringAction.Redirect && plan.OutsideRoute is { } outside)
        {
            var (decided, steered) = isNodePort
                ? (UserspaceRules.OutsideNodePorts, UserspaceRules.SteeredNodePorts)
                : (UserspaceRules.OutsideServices, UserspaceRules.SteeredServices);
            elements.Add(outside.Action == RouteAction.Forward
                ? new TableElement(table, steered, new NftElement(key, NftValue.Port(steering.Ports.Outside)))
                : new TableElement(table, decided, new NftElement(key, VerdictOf(outside.Action == RouteAction.Reject))));
        }

        if (steering.Action == SteeringAction.Redirect && !plan.SourceRanges.IsEmpty)
        {
            elements.Add(new TableElement(table, UserspaceRules.RestrictedServices, new NftElement(key)));
            elements.AddRange(
                plan.SourceRanges.Select(range => new TableElement(table, UserspaceRules.AllowedSources, SourceRange(frontEnd, range))));
        }

        return elements.DrainToImmutable();
    }

    private static NftVerdict VerdictOf(bool reject) => reject ? NftVerdict.Goto(UserspaceRules.RejectChain) : NftVerdict.Drop;

    private static NftValue KeyOf(FrontEnd frontEnd)
    {
        var (protocol, port) = (NftValue.U8((byte)frontEnd.Protocol), NftValue.Port(frontEnd.Port));
        return frontEnd.Address is { } address
            ? NftValue.Concat(NftValue.Address(address), protocol, port)
            : NftValue.Concat(protocol, port);
    }

    /// <summary>A range of sources at one front end: the parts before the source are the same at both ends.</summary>
    private static NftElement SourceRange(FrontEnd frontEnd, IPNetwork range)
    {
        var last = range.BaseAddress.GetAddressBytes();
        for (var bit = range.PrefixLength; bit < last.Length * 8; bit++)
        {
            last[bit / 8] |= (byte)(0x80 >> (bit % 8));
        }

        var (address, protocol, port) = (NftValue.Address(frontEnd.Address!), NftValue.U8((byte)frontEnd.Protocol), NftValue.Port(frontEnd.Port));
        return new NftElement(NftValue.Concat(address, protocol, port, NftValue.Address(range.BaseAddress)))
        {
            KeyEnd = NftValue.Concat(address, protocol, port, NftValue.Address(new IPAddress(last))),
        };
    }
}
