using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Dataplane.Netlink.Route;
using Dataplane.TestKit;
using IpRoute = Dataplane.Netlink.Route.Route;

namespace Dataplane.Netlink.Tests.Route;

public sealed class RouteConnectionTests
{
    [Fact]
    public async Task WhatWasMadeIsWhatIpShows()
    {
        using var network = new TestNetwork();
        var node = network.AddHost("node");
        var pod = network.AddHost("pod");
        var bridge = node.Route.CreateBridge("dp-br0");
        node.Route.SetUp(bridge);
        var port = node.Route.CreateVeth("pod-port", "eth0", pod.Namespace);
        node.Route.SetMaster(port, bridge);
        node.Route.SetHairpin(port, true);
        node.Route.SetMtu(port, 1400);
        node.Route.SetUp(port);
        node.AddAddress("dp-br0", "10.244.1.1/24");
        pod.AddAddress("eth0", "10.244.1.2/24");
        pod.AddAddress("eth0", "fd00:10:244::2/64");
        pod.AddRoute("0.0.0.0/0", "10.244.1.1");

        var link = node.Route.GetLink("pod-port");
        Assert.Equal(("veth", bridge, true, 1400), (link.Kind, link.MasterIndex, link.Up, link.Mtu));
        Assert.Equal(6, link.HardwareAddress.GetAddressBytes().Length);
        Assert.Contains(node.Route.Links(), candidate => candidate == link);
        Assert.DoesNotContain(node.Route.Links(), candidate => candidate.Name == "eth0");

        var shown = (await Tools.RunAsync(node.Namespace, "ip", ["-details", "link", "show", "pod-port"])).OutputOrThrow();
        Assert.Contains("master dp-br0", shown);
        Assert.Contains("hairpin on", shown);
        Assert.Contains("mtu 1400", shown);
        Assert.Equal(
            "default via 10.244.1.1 dev eth0 proto static \n10.244.1.0/24 dev eth0 proto kernel scope link src 10.244.1.2 \n",
            (await Tools.RunAsync(pod.Namespace, "ip", ["route", "show"])).OutputOrThrow());
        Assert.Contains(
            "inet6 fd00:10:244::2/64 scope global nodad",
            (await Tools.RunAsync(pod.Namespace, "ip", ["-6", "address", "show", "dev", "eth0"])).OutputOrThrow());
        Assert.Contains(pod.Route.Addresses(), address => address is { PrefixLength: 64 } && address.Address.Equals(IPAddress.Parse("fd00:10:244::2")));

        using var listener = node.Listen("10.244.1.1", 80);
        using var client = pod.Socket(SocketType.Stream, ProtocolType.Tcp);
        client.Connect(IPAddress.Parse("10.244.1.1"), 80);
        Assert.True(client.Connected);

        node.Route.SetHairpin(port, false);
        Assert.Contains("hairpin off", (await Tools.RunAsync(node.Namespace, "ip", ["-details", "link", "show", "pod-port"])).OutputOrThrow());
        node.Route.DeleteLink(port);
        Assert.Null(node.Route.FindLink("pod-port"));
        Assert.Null(pod.Route.FindLink("eth0"));
    }

    public static TheoryData<string, IpRoute> RouteRows() => new()
    {
        { "10.1.0.0/16 via 10.0.0.2 dev eth0 proto static ", new(IPNetwork.Parse("10.1.0.0/16"), IPAddress.Parse("10.0.0.2")) },
        { "10.1.2.0/24 dev eth0 proto static scope link ", new(IPNetwork.Parse("10.1.2.0/24"), LinkIndex: -1) },
        {
            "10.1.3.0/24 via 192.0.2.1 dev eth0 proto static onlink ",
            new(IPNetwork.Parse("10.1.3.0/24"), IPAddress.Parse("192.0.2.1"), -1) { OnLink = true }
        },
        { "local default dev eth0 table 100 proto static scope host ", new(IPNetwork.Parse("0.0.0.0/0"), LinkIndex: -1, Table: 100) { Type = RouteType.Local } },
        { "10.1.4.0/24 dev eth0 table 1000 proto static scope link ", new(IPNetwork.Parse("10.1.4.0/24"), LinkIndex: -1, Table: 1000) },
        { "blackhole 10.1.5.0/24 proto static ", new(IPNetwork.Parse("10.1.5.0/24")) { Type = RouteType.Blackhole } },
        { "10.1.6.0/24 via 10.0.0.2 dev eth0 proto static metric 7 ", new(IPNetwork.Parse("10.1.6.0/24"), IPAddress.Parse("10.0.0.2")) { Metric = 7 } },
        {
            "10.1.7.0/24 dev eth0 proto static scope link src 10.0.0.1 ",
            new(IPNetwork.Parse("10.1.7.0/24"), LinkIndex: -1) { PreferredSource = IPAddress.Parse("10.0.0.1") }
        },
        { "fd01::/64 via fd00::2 dev eth0 proto static metric 1024 pref medium", new(IPNetwork.Parse("fd01::/64"), IPAddress.Parse("fd00::2")) },
        {
            "local default dev lo table 100 proto static metric 1024 pref medium",
            new(IPNetwork.Parse("::/0"), LinkIndex: 1, Table: 100) { Type = RouteType.Local }
        },
    };

    [Theory]
    [MemberData(nameof(RouteRows))]
    public async Task ARouteIsWhatIpShowsAndGoesAgain(string expected, IpRoute row)
    {
        using var network = new TestNetwork();
        var host = network.AddHost("a");
        network.Connect(host, "eth0", "10.0.0.1/24", network.AddHost("b"), "eth0", "10.0.0.2/24");
        host.AddAddress("eth0", "fd00::1/64");
        var route = row.LinkIndex == -1 ? row with { LinkIndex = host.Route.GetLink("eth0").Index } : row;

        host.Route.ReplaceRoute(route);
        host.Route.ReplaceRoute(route);

        var family = route.Destination.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? "-4" : "-6";
        string[] show = [family, "route", "show", "table", "all"];
        Assert.Contains(expected, (await Tools.RunAsync(host.Namespace, "ip", show)).OutputOrThrow().Split('\n'));
        Assert.Contains(host.Route.Routes(), found =>
            found.Destination.Equals(route.Destination) && found.Table == route.Table && found.Type == route.Type && found.OnLink == route.OnLink
            && Equals(found.Gateway, route.Gateway) && Equals(found.PreferredSource, route.PreferredSource));

        host.Route.DeleteRoute(route);
        Assert.DoesNotContain(expected, (await Tools.RunAsync(host.Namespace, "ip", show)).OutputOrThrow().Split('\n'));
    }

    [Theory]
    [InlineData(AddressFamily.InterNetwork, "-4")]
    [InlineData(AddressFamily.InterNetworkV6, "-6")]
    public async Task ARuleIsWhatIpShowsAndGoesAgain(AddressFamily family, string option)
    {
        using var network = new TestNetwork();
        var host = network.AddHost("a");
        var rule = new RoutingRule(family, 0x4000, 0xFF00, 300, 99);

        host.Route.AddRule(rule);

        string[] show = [option, "rule", "show"];
        Assert.Contains("99:\tfrom all fwmark 0x4000/0xff00 lookup 300", (await Tools.RunAsync(host.Namespace, "ip", show)).OutputOrThrow());
        Assert.Contains(rule, host.Route.Rules());
        Assert.Equal(17, Assert.Throws<NetlinkException>(() => host.Route.AddRule(rule)).Errno);
        host.Route.DeleteRule(rule);
        Assert.DoesNotContain(rule, host.Route.Rules());
    }

    [Fact]
    public async Task ANeighbourIsPermanent()
    {
        using var network = new TestNetwork();
        var host = network.AddHost("a");
        network.Connect(host, "eth0", "10.0.0.1/24", network.AddHost("b"), "eth0", null);
        var link = host.Route.GetLink("eth0").Index;

        host.Route.ReplaceNeighbour(link, IPAddress.Parse("10.0.0.9"), PhysicalAddress.Parse("02-00-00-00-00-09"));
        string[] show = ["neighbour", "show"];
        Assert.Contains("10.0.0.9 dev eth0 lladdr 02:00:00:00:00:09 PERMANENT", (await Tools.RunAsync(host.Namespace, "ip", show)).OutputOrThrow());
        host.Route.DeleteNeighbour(link, IPAddress.Parse("10.0.0.9"));
        Assert.DoesNotContain("02:00:00:00:00:09", (await Tools.RunAsync(host.Namespace, "ip", show)).OutputOrThrow());
    }

    [Fact]
    public void RefusalsNameTheOperationTheErrnoAndTheKernelsWords()
    {
        using var network = new TestNetwork();
        var host = network.AddHost("a");
        host.Route.CreateBridge("br0");

        var taken = Assert.Throws<NetlinkException>(() => host.Route.CreateBridge("br0"));
        Assert.Equal(("create bridge br0", 17), (taken.Operation, taken.Errno));
        var absent = Assert.Throws<NetlinkException>(() => host.Route.SetMtu(4711, 1500));
        Assert.Equal(("set mtu of link 4711", 19), (absent.Operation, absent.Errno));
        var unreachable = Assert.Throws<NetlinkException>(() =>
            host.Route.ReplaceRoute(new IpRoute(IPNetwork.Parse("10.9.0.0/16"), IPAddress.Parse("10.8.0.1"))));
        Assert.Equal("Nexthop has invalid gateway", unreachable.KernelText);
        Assert.Contains("10.9.0.0/16 via 10.8.0.1", unreachable.Message);
        Assert.Throws<ArgumentException>(() => host.Route.CreateBridge("a-name-of-more-than-fifteen-bytes"));
        Assert.Null(host.Route.FindLink("none"));
    }

    /// <summary>Far more than one datagram holds. Not devices: the kernel would be busy for seconds taking them down.</summary>
    [Fact]
    public void LongListingsAreWhole()
    {
        using var network = new TestNetwork();
        var host = network.AddHost("a");
        var loopback = host.Route.GetLink("lo").Index;
        for (var i = 0; i < 2000; i++)
        {
            host.Route.ReplaceRoute(new IpRoute(new IPNetwork(new IPAddress([10, 1, (byte)(i >> 8), (byte)i]), 32), LinkIndex: loopback, Table: 1000));
        }

        Assert.Equal(2000, host.Route.Routes().Where(route => route.Table == 1000).Select(route => route.Destination).Distinct().Count());
    }
}
