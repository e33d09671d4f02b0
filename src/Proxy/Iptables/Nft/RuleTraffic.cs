using System.Net;
using System.Net.Sockets;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Iptables.Rules;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Iptables.Nft;

/// <summary>
/// Connections by the counters that iptables rules have anyway: of a connection the first packet alone passes the nat table, and it passes the DNAT rule of
/// its endpoint. Packets and bytes of what follows no rule sees.
/// </summary>
internal static class RuleTraffic
{
    private static readonly string[] Dispatch = [ChainNames.Services, ChainNames.NodePorts];

    /// <summary>Looks at the rules that all services share, then at the endpoints of those that were used.</summary>
    internal static IEnumerable<TrafficCount> Read(NftablesConnection connection, NftFamily family, ForwardingPlan plan)
    {
        var table = BuiltinChains.Table(family, IptablesTable.Nat);
        var used = Dispatch.SelectMany(chain => connection.Rules(table, chain))
            .Where(rule => rule.Packets > 0 && rule.JumpTarget is not null)
            .Select(rule => ChainNames.HashOf(rule.JumpTarget!)).ToHashSet();
        if (used.Count == 0)
        {
            return [];
        }

        var addresses = family == NftFamily.Ip ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        return plan.Services.Values
            .SelectMany(service => service.FrontEnds.Where(frontEnd => frontEnd.FrontEnd.Family == addresses).GroupBy(frontEnd => frontEnd.ServicePort))
            .Where(port => used.Contains(ChainNames.ServicePortHash(port.Key)))
            .SelectMany(port => OfPort(connection, table, port.Key, [.. port]));
    }

    private static IEnumerable<TrafficCount> OfPort(NftablesConnection connection, NftTable table, ServicePortName port, List<FrontEndPlan> frontEnds)
    {
        // An endpoint's chain is the same for all front ends of its port: the first that has an address stands for them.
        if (frontEnds.Find(plan => plan.FrontEnd.Address is not null) is not { FrontEnd: var frontEnd })
        {
            yield break;
        }

        var targets = frontEnds.SelectMany(plan => plan.Route.Endpoints.Concat(plan.OutsideRoute?.Endpoints ?? []))
            .Select(target => new IPEndPoint(target.Address, target.Port)).Distinct();
        foreach (var target in targets)
        {
            var connections = connection.Rules(table, ChainNames.Endpoint(port, target)).LastOrDefault()?.Packets ?? 0;
            if (connections > 0)
            {
                yield return new TrafficCount(port.Protocol, new IPEndPoint(frontEnd.Address!, frontEnd.Port), target, (long)connections, null, null);
            }
        }
    }
}
