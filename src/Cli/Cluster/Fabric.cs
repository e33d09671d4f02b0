using System.Net;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Route;

namespace Dataplane.Cli.Cluster;

/// <summary>The namespaces, links and routes that make one machine look like several: see <see cref="AddressPlan"/> for the picture.</summary>
internal sealed class Fabric : IDisposable
{
    private static readonly IPNetwork Anywhere = IPNetwork.Parse("0.0.0.0/0");

    private readonly List<NetworkNamespace> _nodes = [];
    private NetworkNamespace? _switch;
    private NetworkNamespace? _client;

    private Fabric()
    {
    }

    /// <summary>Where the bridge is; the API server and the DNS server listen here for the pods.</summary>
    internal NetworkNamespace Switch => _switch!;

    /// <summary>The outside client.</summary>
    internal NetworkNamespace Client => _client!;

    /// <summary>Node I is at index I - 1.</summary>
    internal IReadOnlyList<NetworkNamespace> Nodes => _nodes;

    /// <summary>Builds everything, or leaves nothing behind and says what failed.</summary>
    internal static Fabric Create(int nodes)
    {
        var fabric = new Fabric();
        try
        {
            fabric.CreateSwitch();
            for (var index = 1; index <= nodes; index++)
            {
                fabric.CreateNode(index);
            }

            fabric.CreateClient();
            return fabric;
        }
        catch
        {
            fabric.Dispose();
            throw;
        }
    }

    /// <summary>Removes what <see cref="Create"/> made in this or in an earlier, killed process. Idempotent.</summary>
    internal static void Remove()
    {
        // The veth goes with the namespace of its peer, but only some time later: a next `up` must not find it.
        using (var host = RouteConnection.Open())
        {
            if (host.FindLink(AddressPlan.HostLink) is { } link)
            {
                host.DeleteLink(link.Index);
            }
        }

        foreach (var name in NetworkNamespace.Names("dp-").Where(IsOurs))
        {
            NetworkNamespace.Delete(name);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _nodes.ForEach(node => node.Dispose());
        _client?.Dispose();
        _switch?.Dispose();
        Remove();
    }

    private static bool IsOurs(string name) =>
        name is AddressPlan.Fabric or AddressPlan.Client || name.StartsWith(AddressPlan.NodePrefix, StringComparison.Ordinal);

    private void CreateSwitch()
    {
        _switch = NetworkNamespace.Create(AddressPlan.Fabric);
        using var inside = RouteConnection.Open(_switch);
        inside.SetUp(inside.GetLink("lo").Index);
        var bridge = inside.CreateBridge(AddressPlan.Bridge);
        inside.AddAddress(bridge, AddressPlan.FabricAddress, AddressPlan.Nodes.PrefixLength);
        inside.SetUp(bridge);

        using var host = RouteConnection.Open();
        host.CreateVeth(AddressPlan.HostLink, "dp-host-port", _switch);
        var link = host.GetLink(AddressPlan.HostLink).Index;
        host.AddAddress(link, AddressPlan.HostAddress, AddressPlan.Nodes.PrefixLength);
        host.SetUp(link);
        Plug(inside, "dp-host-port");
        inside.ReplaceRoute(new Route(AddressPlan.Clients, LinkIndex: bridge));
    }

    private void CreateNode(int index)
    {
        var node = NetworkNamespace.Create(AddressPlan.NodeNamespace(index));
        _nodes.Add(node);
        var address = AddressPlan.NodeAddress(index);
        using var inside = Attach(node, $"dp-port-{index}", address, AddressPlan.Nodes.PrefixLength);
        inside.ReplaceRoute(new Route(AddressPlan.Clients, LinkIndex: inside.GetLink("eth0").Index));

        // The kernel looks for a route to a ClusterIP before the proxy's rules see the packet: a node has a default route.
        inside.ReplaceRoute(new Route(Anywhere, Gateway: AddressPlan.FabricAddress));

        // Pods reach the API server and the DNS server with their own addresses.
        using var fabric = RouteConnection.Open(_switch);
        fabric.ReplaceRoute(new Route(AddressPlan.PodCidr(index), Gateway: address));
    }

    private void CreateClient()
    {
        _client = NetworkNamespace.Create(AddressPlan.Client);
        using var inside = Attach(_client, "dp-port-client", AddressPlan.ClientAddress, AddressPlan.Clients.PrefixLength);
        inside.ReplaceRoute(new Route(AddressPlan.Nodes, LinkIndex: inside.GetLink("eth0").Index));
    }

    /// <summary>Gives a namespace its eth0 on the bridge.</summary>
    private RouteConnection Attach(NetworkNamespace member, string port, IPAddress address, int prefixLength)
    {
        using (var fabric = RouteConnection.Open(_switch))
        {
            fabric.CreateVeth(port, "eth0", member);
            Plug(fabric, port);
        }

        var inside = RouteConnection.Open(member);
        inside.SetUp(inside.GetLink("lo").Index);
        var link = inside.GetLink("eth0").Index;
        inside.AddAddress(link, address, prefixLength);
        inside.SetUp(link);
        return inside;
    }

    private static void Plug(RouteConnection fabric, string port)
    {
        var link = fabric.GetLink(port).Index;
        fabric.SetMaster(link, fabric.GetLink(AddressPlan.Bridge).Index);
        fabric.SetUp(link);
    }
}
