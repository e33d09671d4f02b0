using System.Net;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Netlink;
using Dataplane.Netlink.Route;
using Microsoft.Extensions.Logging;

namespace Dataplane.Kubelet.Nodes;

/// <summary>Routes to the other nodes' pods with those nodes as gateways: all nodes share a link.</summary>
internal sealed class NodeRoutes(RouteConnection routes, string nodeName, ILogger logger)
{
    private readonly Dictionary<string, Route> _known = new(StringComparer.Ordinal);

    /// <summary>Called on the informer's loop.</summary>
    internal void Handle(InformerChange<Node> change)
    {
        var name = change.Object.Metadata.Name;
        if (name == nodeName)
        {
            return;
        }

        var wanted = change.New is { } node ? RouteTo(node) : null;
        var known = _known.GetValueOrDefault(name);
        if (Equals(wanted, known))
        {
            return;
        }

        try
        {
            if (known is not null && (wanted is null || wanted.Destination.ToString() != known.Destination.ToString()))
            {
                routes.DeleteRoute(known);
                _known.Remove(name);
            }

            if (wanted is not null)
            {
                routes.ReplaceRoute(wanted);
                _known[name] = wanted;
            }
        }
        catch (NetlinkException problem)
        {
            Log.RouteProblem(logger, name, problem.Message);
        }
    }

    private static Route? RouteTo(Node node)
    {
        var address = node.Status.Addresses.Find(one => one.Type == "InternalIP")?.Address;
        return IPAddress.TryParse(address, out var gateway) && IPNetwork.TryParse(node.Spec.PodCIDR, out var range)
            ? new Route(range, gateway)
            : null;
    }
}
