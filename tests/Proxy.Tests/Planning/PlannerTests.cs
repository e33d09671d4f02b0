using System.Net.Sockets;
using Dataplane.Api;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Tests.Planning;

public class PlannerTests
{
    private static readonly Dictionary<string, (Action<Cluster> Given, string[] Expected)> Scenarios = new()
    {
        ["ClusterIP"] = (c => c.Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here", "10.244.2.5"),
            ["TCP 10.96.0.1:80 > 10.244.1.5:8080 10.244.2.5:8080 OffCluster"]),
        ["masquerade all is about ClusterIPs"] = (c =>
        {
            c.Options = c.Options with { MasqueradeAll = true };
            c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], s => s.Spec.ExternalTrafficPolicy = "Local").Slice("web", "8080", "10.244.1.5 here");
        }, ["TCP 10.96.0.1:80 > 10.244.1.5:8080 Always", "TCP node:30080 > 10.244.1.5:8080 FromNode | 10.244.1.5:8080 Never"]),
        ["pods of one family can be told apart"] = (c =>
        {
            c.Options = new PlanningOptions { LocalDetector = new LocalDetector.Networks([System.Net.IPNetwork.Parse("10.244.0.0/16")]) };
            c.Service("web", "10.96.0.1", 80, s => s.Spec.ClusterIPs = ["10.96.0.1", "fd00:10:96::1"]).Slice("web", "8080", "10.244.1.5").Slice("web", "8080", "fd00:10:244:1::5");
        }, ["TCP 10.96.0.1:80 > 10.244.1.5:8080 OffCluster", "TCP [fd00:10:96::1]:80 > [fd00:10:244:1::5]:8080 Never"]),
        ["pods by an interface"] = (c =>
        {
            c.Options = new PlanningOptions { LocalDetector = new LocalDetector.Interface("veth", IsPrefix: true) };
            c.Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5");
        }, ["TCP 10.96.0.1:80 > 10.244.1.5:8080 OffCluster"]),
        ["source ranges that hold the node let its load-balancer address in"] = (c => c.Service("web", "10.96.0.1", 80, s =>
            {
                s.Spec.Type = "LoadBalancer";
                s.Spec.LoadBalancerSourceRanges = ["172.30.0.0/16", "172.30.0.0/24", "fd00:10:244::/56"];
                s.Spec.ClusterIPs = ["10.96.0.1", "fd00:10:96::1"];
                s.Status.LoadBalancer.Ingress = [new() { IP = "198.51.100.2" }, new() { IP = "172.30.0.200" }, new() { IP = "2001:db8:1::2" }];
            }),
            [
                "TCP 10.96.0.1:80 > Reject", "TCP 172.30.0.200:80 > Reject from=172.30.0.0/16", "TCP 198.51.100.2:80 > Reject from=172.30.0.0/16,198.51.100.2/32",
                "TCP [2001:db8:1::2]:80 > Reject from=fd00:10:244::/56", "TCP [fd00:10:96::1]:80 > Reject",
            ]),
        ["a ClusterIP goes before another Service's external IP"] = (c => c
                .Service("a", "10.96.0.2", 80, s => s.Spec.ExternalIPs = ["10.96.0.1"]).Slice("a", "8080", "10.244.1.6")
                .Service("b", "10.96.0.1", 80).Slice("b", "8080", "10.244.1.5"),
            ["TCP 10.96.0.1:80 > 10.244.1.5:8080 OffCluster", "TCP 10.96.0.2:80 > 10.244.1.6:8080 OffCluster"]),
        ["pods cannot be told apart"] = (c =>
        {
            c.Options = new PlanningOptions();
            c.Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5");
        }, ["TCP 10.96.0.1:80 > 10.244.1.5:8080 Never"]),
        ["multiport, one port on two protocols"] = (c => c
                .Service("dns", "10.96.0.10", [new() { Name = "dns", Protocol = "UDP", Port = 53 }, new() { Name = "dns-tcp", Port = 53 }, new() { Name = "metrics", Port = 9153 }])
                .Slice("dns", "dns/UDP:5353,dns-tcp:5354,metrics:9153", "10.244.1.2"),
            ["TCP 10.96.0.10:53 > 10.244.1.2:5354 OffCluster", "TCP 10.96.0.10:9153 > 10.244.1.2:9153 OffCluster", "UDP 10.96.0.10:53 > 10.244.1.2:5353 OffCluster"]),
        ["named target ports that differ by pod"] = (c => c.Service("web", "10.96.0.1", [new() { Name = "http", Port = 80 }])
                .Slice("web", "http:8080", "10.244.1.5").Slice("web", "http:9090", "10.244.1.6"),
            ["TCP 10.96.0.1:80 > 10.244.1.5:8080 10.244.1.6:9090 OffCluster"]),
        ["NodePort, external and load-balancer address"] = (c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], s =>
            {
                s.Spec.Type = "LoadBalancer";
                s.Spec.ExternalIPs = ["198.51.100.1"];
                s.Spec.LoadBalancerSourceRanges = [" 203.0.113.7/24 ", "fd00::/8"];
                s.Status.LoadBalancer.Ingress = [new() { IP = "198.51.100.2" }, new() { IP = "198.51.100.3", IPMode = "Proxy" }, new() { Hostname = "lb" }];
            }).Slice("web", "8080", "10.244.1.5"),
            [
                "TCP 10.96.0.1:80 > 10.244.1.5:8080 OffCluster",
                "TCP 198.51.100.1:80 > 10.244.1.5:8080 Always",
                "TCP 198.51.100.2:80 > 10.244.1.5:8080 Always from=203.0.113.0/24",
                "TCP node:30080 > 10.244.1.5:8080 Always",
            ]),
        ["source ranges that allow all"] = (c => c.Service("web", "10.96.0.1", 80, s =>
            {
                s.Spec.Type = "LoadBalancer";
                s.Spec.LoadBalancerSourceRanges = ["0.0.0.0/0", "203.0.113.0/24"];
                s.Status.LoadBalancer.Ingress = [new() { IP = "198.51.100.2" }];
            }).Slice("web", "8080", "10.244.1.5"),
            ["TCP 10.96.0.1:80 > 10.244.1.5:8080 OffCluster", "TCP 198.51.100.2:80 > 10.244.1.5:8080 Always"]),
        ["dual stack"] = (c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], s => s.Spec.ClusterIPs = ["10.96.0.1", "fd00:10:96::1"])
                .Slice("web", "8080", "10.244.1.5").Slice("web", "8080", "fd00:10:244:1::5"),
            [
                "TCP 10.96.0.1:80 > 10.244.1.5:8080 OffCluster",
                "TCP [fd00:10:96::1]:80 > [fd00:10:244:1::5]:8080 OffCluster",
                "TCP node(v6):30080 > [fd00:10:244:1::5]:8080 Always",
                "TCP node:30080 > 10.244.1.5:8080 Always",
            ]),
        ["no endpoints"] = (c => c.Service("web", "10.96.0.1", 80), ["TCP 10.96.0.1:80 > Reject"]),
        ["unready endpoints only"] = (c => c.Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 unready"), ["TCP 10.96.0.1:80 > Reject"]),
        ["terminating but serving when none is ready"] = (c => c.Service("web", "10.96.0.1", 80)
                .Slice("web", "8080", "10.244.1.5 terminating serving", "10.244.1.6 terminating", "10.244.1.7 unready"),
            ["TCP 10.96.0.1:80 > 10.244.1.5:8080 OffCluster"]),
        ["terminating ones ignored beside a ready one"] = (c => c.Service("web", "10.96.0.1", 80)
                .Slice("web", "8080", "10.244.1.5 terminating serving", "10.244.1.6"),
            ["TCP 10.96.0.1:80 > 10.244.1.6:8080 OffCluster"]),
        ["internal policy Local"] = (c => c.Service("web", "10.96.0.1", 80, s => s.Spec.InternalTrafficPolicy = "Local")
                .Slice("web", "8080", "10.244.1.5 here", "10.244.2.5"),
            ["TCP 10.96.0.1:80 > 10.244.1.5:8080 OffCluster"]),
        ["internal policy Local, none local"] = (c => c.Service("web", "10.96.0.1", 80, s => s.Spec.InternalTrafficPolicy = "Local")
                .Slice("web", "8080", "10.244.2.5"),
            ["TCP 10.96.0.1:80 > Drop"]),
        ["internal policy Local, local one terminating"] = (c => c.Service("web", "10.96.0.1", 80, s => s.Spec.InternalTrafficPolicy = "Local")
                .Slice("web", "8080", "10.244.1.5 here terminating serving", "10.244.2.5"),
            ["TCP 10.96.0.1:80 > 10.244.1.5:8080 OffCluster"]),
        ["internal policy Local, none anywhere"] = (c => c.Service("web", "10.96.0.1", 80, s => s.Spec.InternalTrafficPolicy = "Local"), ["TCP 10.96.0.1:80 > Reject"]),
        ["external policy Local"] = (c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], s => s.Spec.ExternalTrafficPolicy = "Local")
                .Slice("web", "8080", "10.244.1.5 here", "10.244.2.5"),
            [
                "TCP 10.96.0.1:80 > 10.244.1.5:8080 10.244.2.5:8080 OffCluster",
                "TCP node:30080 > 10.244.1.5:8080 10.244.2.5:8080 FromNode | 10.244.1.5:8080 Never",
            ]),
        ["external policy Local, none local"] = (c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], s => s.Spec.ExternalTrafficPolicy = "Local")
                .Slice("web", "8080", "10.244.2.5"),
            ["TCP 10.96.0.1:80 > 10.244.2.5:8080 OffCluster", "TCP node:30080 > 10.244.2.5:8080 FromNode | Drop"]),
        ["external policy Local, none anywhere"] = (c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], s => s.Spec.ExternalTrafficPolicy = "Local"),
            ["TCP 10.96.0.1:80 > Reject", "TCP node:30080 > Reject"]),
        ["zone hints"] = (c => c.Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 zone=b", "10.244.2.5 zone=a"),
            ["TCP 10.96.0.1:80 > 10.244.2.5:8080 OffCluster"]),
        ["zone hints, none for this zone"] = (c => c.Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 zone=b", "10.244.2.5 zone=c"),
            ["TCP 10.96.0.1:80 > 10.244.1.5:8080 10.244.2.5:8080 OffCluster"]),
        ["one endpoint without a hint"] = (c => c.Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5", "10.244.2.5 zone=a"),
            ["TCP 10.96.0.1:80 > 10.244.1.5:8080 10.244.2.5:8080 OffCluster"]),
        ["node hints before zone hints"] = (c => c.Service("web", "10.96.0.1", 80)
                .Slice("web", "8080", "10.244.1.5 zone=a node=there", "10.244.2.5 zone=a node=here"),
            ["TCP 10.96.0.1:80 > 10.244.2.5:8080 OffCluster"]),
        ["node hints, one endpoint without: zones are asked"] = (c => c.Service("web", "10.96.0.1", 80)
                .Slice("web", "8080", "10.244.1.5 zone=a node=here", "10.244.1.6 zone=a", "10.244.2.5 zone=b node=here"),
            ["TCP 10.96.0.1:80 > 10.244.1.5:8080 10.244.1.6:8080 OffCluster"]),
        ["node hints, none for this node and no zones"] = (c => c.Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 node=there", "10.244.2.5 node=there"),
            ["TCP 10.96.0.1:80 > 10.244.1.5:8080 10.244.2.5:8080 OffCluster"]),
        ["several hints on one endpoint"] = (c => c.Service("web", "10.96.0.1", 80)
                .Slice("web", "8080", "10.244.1.5 zone=b zone=a", "10.244.1.6 zone=b zone=c", "10.244.2.5 zone=a"),
            ["TCP 10.96.0.1:80 > 10.244.1.5:8080 10.244.2.5:8080 OffCluster"]),
        ["unready endpoints have no say in hints"] = (c => c.Service("web", "10.96.0.1", 80)
                .Slice("web", "8080", "10.244.1.5 zone=a", "10.244.1.6 unready", "10.244.1.7 terminating serving", "10.244.2.5 zone=b", "10.244.2.6 unready zone=a"),
            ["TCP 10.96.0.1:80 > 10.244.1.5:8080 OffCluster"]),
        ["zone hints on a node without a zone"] = (c =>
        {
            c.Node = Cluster.Here with { Zone = null };
            c.Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 zone=a", "10.244.2.5 zone=b");
        }, ["TCP 10.96.0.1:80 > 10.244.1.5:8080 10.244.2.5:8080 OffCluster"]),
        ["node hints on a node without a zone"] = (c =>
        {
            c.Node = Cluster.Here with { Zone = null };
            c.Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 zone=a node=here", "10.244.2.5 zone=b node=there");
        }, ["TCP 10.96.0.1:80 > 10.244.1.5:8080 OffCluster"]),
        ["local endpoints of policy Local that hints would leave out"] = (c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], s => s.Spec.ExternalTrafficPolicy = "Local")
                .Slice("web", "8080", "10.244.1.5 here zone=b", "10.244.2.5 zone=a"),
            ["TCP 10.96.0.1:80 > 10.244.2.5:8080 OffCluster", "TCP node:30080 > 10.244.2.5:8080 FromNode | 10.244.1.5:8080 Never"]),
        ["addresses with leading zeros are decimal"] = (c => c.Service("web", "10.096.0.041", 80, s =>
            {
                s.Spec.Type = "LoadBalancer";
                s.Spec.ExternalIPs = ["198.051.100.010"];
                s.Spec.LoadBalancerSourceRanges = ["203.000.113.000/024"];
                s.Status.LoadBalancer.Ingress = [new() { IP = "198.51.100.009" }];
            }).Slice("web", "8080", "10.244.01.005"),
            [
                "TCP 10.96.0.41:80 > 10.244.1.5:8080 OffCluster",
                "TCP 198.51.100.10:80 > 10.244.1.5:8080 Always",
                "TCP 198.51.100.9:80 > 10.244.1.5:8080 Always from=203.0.113.0/24",
            ]),
        ["hints do not hide terminating endpoints"] = (c => c.Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 terminating serving zone=b"),
            ["TCP 10.96.0.1:80 > 10.244.1.5:8080 OffCluster"]),
        ["affinity"] = (c => c.Service("web", "10.96.0.1", 80, s => s.Spec.SessionAffinity = "ClientIP").Slice("web", "8080", "10.244.1.5"),
            ["TCP 10.96.0.1:80 > 10.244.1.5:8080 OffCluster affinity=10800"]),
        ["headless, ExternalName and another proxy's"] = (c => c
                .Service("headless", "None", 80).Service("name", "", 80, s => s.Spec.Type = "ExternalName")
                .Service("other", "10.96.0.3", 80, s => s.Metadata.Labels["service.kubernetes.io/service-proxy-name"] = "other"),
            []),
        ["an external address two Services claim"] = (c => c
                .Service("b", "10.96.0.2", 80, s => s.Spec.ExternalIPs = ["198.51.100.1"]).Service("a", "10.96.0.1", 80, s => s.Spec.ExternalIPs = ["198.51.100.1"])
                .Slice("a", "8080", "10.244.1.5").Slice("b", "8080", "10.244.1.6"),
            ["TCP 10.96.0.1:80 > 10.244.1.5:8080 OffCluster", "TCP 10.96.0.2:80 > 10.244.1.6:8080 OffCluster", "TCP 198.51.100.1:80 > 10.244.1.5:8080 Always"]),
    };

    public static TheoryData<string> Names => [.. Scenarios.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Plans(string scenario)
    {
        var cluster = new Cluster();
        var (given, expected) = Scenarios[scenario];
        given(cluster);

        Assert.Equal(string.Join('\n', expected), PlanText.Of(cluster.Plan()));
    }

    [Fact]
    public void AnUpdateTouchesOnlyWhatChanged()
    {
        var cluster = new Cluster().Service("a", "10.96.0.1", 80).Service("b", "10.96.0.2", 80);
        var before = cluster.Plan();
        var after = cluster.Slice("b", "8080", "10.244.1.5").Plan();

        var change = Assert.Single(after.ChangesSince(before));
        Assert.Equal("ns/b", change.Name.ToString());
        Assert.Equal(change, Assert.Single((after with { BaseRevision = null }).ChangesSince(before)));
    }

    [Fact]
    public void AContestedAddressGoesToTheNextClaimant()
    {
        var cluster = new Cluster()
            .Service("a", "10.96.0.1", 80, s => s.Spec.ExternalIPs = ["198.51.100.1"]).Slice("a", "8080", "10.244.1.5")
            .Service("b", "10.96.0.2", 80, s => s.Spec.ExternalIPs = ["198.51.100.1"]).Slice("b", "8080", "10.244.1.6");
        var before = cluster.Plan();
        var after = cluster.Delete("a").Plan();

        Assert.Equal("TCP 10.96.0.2:80 > 10.244.1.6:8080 OffCluster\nTCP 198.51.100.1:80 > 10.244.1.6:8080 Always", PlanText.Of(after));
        Assert.Equal(["ns/a", "ns/b"], after.ChangesSince(before).Select(change => change.Name.ToString()).Order());
    }

    [Fact]
    public void APlanHoldsWhatTheConfigurationComesToOnTheNode()
    {
        var cluster = new Cluster();
        cluster.Options = new PlanningOptions { LocalDetector = LocalDetector.NodeCidrs, PrimaryNodePorts = true, LocalhostNodePorts = true };
        var plan = cluster.Plan();

        Assert.Equal(new LocalDetector.Networks(Cluster.Here.PodCidrs), plan.LocalDetector);
        Assert.Equal(["172.30.0.11/32"], plan.NodePorts.Of(AddressFamily.InterNetwork)!.Value.Select(network => network.ToString()));
        Assert.Equal(["fd00:172:30::11/128"], plan.NodePorts.Of(AddressFamily.InterNetworkV6)!.Value.Select(network => network.ToString()));
        Assert.False(plan.NodePorts.HasLoopback(AddressFamily.InterNetwork));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, true, "10.0.0.0/8")]
    [InlineData(true, true, "127.0.0.1/32")]
    [InlineData(true, false, "127.0.0.1/32", "fd00::/8")]
    [InlineData(true, true, "0.0.0.0/0", "::/0")]
    public void LoopbackIsAmongTheNodePortAddressesOrNot(bool ipv4, bool ipv6, params string[] networks)
    {
        var scope = new PlanningOptions { LocalhostNodePorts = true, NodePortNetworks = [.. networks.Select(network => System.Net.IPNetwork.Parse(network))] }
            .NodePortsOn(Cluster.Here);

        Assert.Equal((ipv4, ipv6), (scope.HasLoopback(AddressFamily.InterNetwork), scope.HasLoopback(AddressFamily.InterNetworkV6)));
        Assert.False((scope with { Loopback = false }).HasLoopback(AddressFamily.InterNetwork));
    }

    [Theory]
    [InlineData(1, "10.244.1.5 here", "10.244.1.6 here terminating serving", "10.244.2.5")]
    [InlineData(0, "10.244.1.6 here terminating serving", "10.244.2.5")]
    [InlineData(0)]
    [InlineData(2, "10.244.1.5 here", "10.244.1.6 here", "fd00:10:244:1::5 here")]
    public void HealthChecksCountLocalReadyPods(int expected, params string[] endpoints)
    {
        var cluster = new Cluster()
            .Service("web", "10.96.0.1", [new ServicePort { Name = "a", Port = 80 }, new ServicePort { Name = "b", Port = 81 }], s =>
            {
                s.Spec.ExternalTrafficPolicy = "Local";
                s.Spec.HealthCheckNodePort = 32000;
            })
            .Slice("web", "a:8080,b:8081", [.. endpoints.Where(endpoint => !endpoint.Contains("::", StringComparison.Ordinal))])
            .Slice("web", "a:8080,b:8081", [.. endpoints.Where(endpoint => endpoint.Contains("::", StringComparison.Ordinal))]);

        var plan = Assert.Single(cluster.Plan().Services).Value;
        Assert.Equal(new HealthCheckPlan(new(32000), expected), plan.HealthCheck);
    }
}
