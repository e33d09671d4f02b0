using System.Net.Sockets;
using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.FibRulesHeader;
using static Dataplane.Netlink.Uapi.NetlinkHeader;
using static Dataplane.Netlink.Uapi.RtnetlinkHeader;
using static Dataplane.Netlink.Uapi.SocketHeader;

namespace Dataplane.Netlink.Route;

public sealed partial class RouteConnection
{
    /// <exception cref="NetlinkException">EEXIST when there is the same one.</exception>
    public void AddRule(RoutingRule rule) => ChangeRule(RTM_NEWRULE, CreateFlags, rule, "add routing rule");

    /// <exception cref="NetlinkException">ENOENT when there is none.</exception>
    public void DeleteRule(RoutingRule rule) => ChangeRule(RTM_DELRULE, NLM_F_ACK, rule, "delete routing rule");

    /// <summary>All rules of both families that look up a table; those that do not ask for a mark have mark and mask 0.</summary>
    public IReadOnlyList<RoutingRule> Rules() => [.. Rules(AF_INET), .. Rules(AF_INET6)];

    private List<RoutingRule> Rules(byte family)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        writer.BeginMessage(RTM_GETRULE, NLM_F_DUMP);
        RouteHeaders.WriteRule(ref writer, family, 0, 0);
        return _connection.Dump(writer.Message(), ParseRule, "list routing rules");
    }

    private void ChangeRule(int type, int flags, RoutingRule rule, string operation)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        writer.BeginMessage(type, flags);
        RouteHeaders.WriteRule(ref writer, RouteHeaders.Family(rule.Family), RouteHeaders.TableByte(rule.Table), FR_ACT_TO_TBL);
        writer.U32(FRA_PRIORITY, (uint)rule.Priority);
        writer.U32(FRA_FWMARK, rule.Mark);
        writer.U32(FRA_FWMASK, rule.Mask);
        if (rule.Table > byte.MaxValue)
        {
            writer.U32(FRA_TABLE, (uint)rule.Table);
        }

        _connection.Execute(writer.Message(), operation, rule);
    }

    private static RoutingRule? ParseRule(NetlinkMessage message)
    {
        var header = message.Header(RouteHeaders.RuleLength);
        if (header[7] != FR_ACT_TO_TBL)
        {
            return null;
        }

        uint mark = 0, mask = 0;
        int table = header[4], priority = 0;
        var attributes = message.Attributes(RouteHeaders.RuleLength);
        while (attributes.Read(out var attribute))
        {
            switch (attribute.Type)
            {
                case FRA_PRIORITY:
                    priority = (int)attribute.U32;
                    break;
                case FRA_FWMARK:
                    mark = attribute.U32;
                    break;
                case FRA_FWMASK:
                    mask = attribute.U32;
                    break;
                case FRA_TABLE:
                    table = (int)attribute.U32;
                    break;
            }
        }

        var family = header[0] == AF_INET ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        return new RoutingRule(family, mark, mask, table, priority);
    }
}
