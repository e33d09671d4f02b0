using System.Net;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.Sysctls;
using Dataplane.Netlink.Nftables;
using Dataplane.Netlink.Nftables.Expressions;
using Dataplane.Netlink.Route;

namespace Dataplane.Cli.Bench.Modes;

/// <summary>
/// The machines of one subject, so that none is measured with another's rules:
/// <code>
/// client 203.0.113.10 --- 203.0.113.1 node 10.244.1.1 --- 10.244.1.2, .3, .4 server
/// </code>
/// </summary>
internal sealed class BenchSite : IDisposable
{
    internal const string NodeAddress = "203.0.113.1";
    internal const int MostServices = 60_000;
    internal const int ServicePort = 80;
    internal const int DatagramServicePort = 53;
    internal const int ServerPort = 8080;
    internal const int DatagramServerPort = 5353;

    private const string Everywhere = "0.0.0.0/0";
    private readonly List<NetworkNamespace> _machines = [];

    internal BenchSite(string subject)
    {
        try
        {
            var prefix = $"dp-bench-{Environment.ProcessId}-{subject}";
            Client = Add($"{prefix}-client");
            Node = Add($"{prefix}-node");
            Server = Add($"{prefix}-server");
            Connect(Client, "eth0", ["203.0.113.10/24"], Node, "eth0", $"{NodeAddress}/24");
            Connect(Server, "eth0", [.. ServerAddresses.Select(address => $"{address}/24")], Node, "eth1", "10.244.1.1/24");
            Route(Client, NodeAddress);
            Route(Server, "10.244.1.1");
            Sysctl.Write(Node, "net/ipv4/ip_forward", "1");
            foreach (var machine in _machines)
            {
                // A connection a request uses many ports; nobody's listener is among these.
                Sysctl.Write(machine, "net/ipv4/ip_local_port_range", "10000 65535");
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal static string[] ServerAddresses { get; } = ["10.244.1.2", "10.244.1.3", "10.244.1.4"];

    /// <summary>The address of the first Service, the second one's ...</summary>
    internal static string ClusterIP(int service) => $"10.96.{(service + 5) / 256}.{(service + 5) % 256}";

    internal NetworkNamespace Client { get; } = null!;

    internal NetworkNamespace Node { get; } = null!;

    internal NetworkNamespace Server { get; } = null!;

    /// <summary>Has the ClusterIP lead to the node itself, each port to the same: what a proxy that is no front end's own address needs.</summary>
    internal void Redirect()
    {
        var table = new NftTable(NftFamily.Ip, "bench");
        var batch = new NftBatch();
        batch.AddTable(table);
        batch.AddChain(table, "redirect", NftBaseChain.Nat(NftHook.Prerouting));
        batch.AddRule(
            table,
            "redirect",
            Payload.Ipv4Destination(NftRegister.W0),
            Compare.Equal(NftRegister.W0, NftValue.Address(IPAddress.Parse(ClusterIP(0)))),
            new Redirect());
        using var connection = NftablesConnection.Open(Node);
        connection.Commit(batch);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var machine in _machines)
        {
            machine.Dispose();
            NetworkNamespace.Delete(machine.Name);
        }

        _machines.Clear();
    }

    private NetworkNamespace Add(string name)
    {
        var machine = NetworkNamespace.Create(name);
        _machines.Add(machine);
        using var route = RouteConnection.Open(machine);
        route.SetUp(route.GetLink("lo").Index);
        return machine;
    }

    private static void Connect(
        NetworkNamespace first, string device, string[] addresses, NetworkNamespace second, string otherDevice, string otherAddress)
    {
        using (var route = RouteConnection.Open(first))
        {
            route.CreateVeth(device, otherDevice, second);
        }

        Bring(first, device, addresses);
        Bring(second, otherDevice, [otherAddress]);
    }

    private static void Bring(NetworkNamespace machine, string device, string[] addresses)
    {
        using var route = RouteConnection.Open(machine);
        var index = route.GetLink(device).Index;
        foreach (var address in addresses)
        {
            var network = address.Split('/');
            route.AddAddress(index, IPAddress.Parse(network[0]), int.Parse(network[1], System.Globalization.CultureInfo.InvariantCulture));
        }

        route.SetUp(index);
    }

    private static void Route(NetworkNamespace machine, string gateway)
    {
        using var route = RouteConnection.Open(machine);
        route.ReplaceRoute(new Route(IPNetwork.Parse(Everywhere), IPAddress.Parse(gateway)));
    }
}
