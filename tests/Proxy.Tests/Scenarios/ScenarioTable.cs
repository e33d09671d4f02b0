using Dataplane.Api;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Tests.Scenarios;

/// <summary>What every kernel mode must do; run by a tracer over what the mode rendered and by real sockets in network namespaces.</summary>
internal static partial class ScenarioTable
{
    private static readonly string[] All = ["10.244.1.5 here", "10.244.1.6 here", "10.244.2.5"];
    private static readonly string[] AllIPv6 = ["fd00:10:244:1::5 here", "fd00:10:244:1::6 here", "fd00:10:244:2::5"];

    internal static readonly Dictionary<string, Scenario> Scenarios =
        new[] { FrontEnds, Policies, EndpointStates, Changes }.SelectMany(table => table()).ToDictionary();

    internal static TheoryData<string> Names => [.. Scenarios.Keys];

    private static Dictionary<string, Scenario> FrontEnds() => new()
    {
        ["ClusterIP"] = new(
            c => c.Service("web", "10.96.0.1", 80).Slice("web", "8080", All),
            "pod-a tcp 10.96.0.1:80 > a* b c", "node tcp 10.96.0.1:80 > a* b* c*", "client tcp 10.96.0.1:80 > a* b* c*"),
        ["UDP"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, Protocol = "UDP" }]).Slice("web", "/UDP:8080", All),
            "pod-a udp 10.96.0.1:80 > a* b c", "client udp 10.96.0.1:80 > a* b* c*", "pod-a tcp 10.96.0.1:80 > reject"),
        ["SCTP"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080, Protocol = "SCTP" }]).Slice("web", "/SCTP:8080", All),
            "pod-a sctp 10.96.0.1:80 > a* b c", "client sctp 172.30.0.11:30080 > a* b* c*", "pod-a tcp 10.96.0.1:80 > reject"),
        ["multiport, one port on two protocols"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Name = "a", Port = 80 }, new() { Name = "b", Port = 80, Protocol = "UDP" }, new() { Name = "c", Port = 90 }])
                .Slice("web", "a:8080", "10.244.1.5 here").Slice("web", "b/UDP:8080,c:9090", "10.244.1.6 here"),
            "pod-a tcp 10.96.0.1:80 > a*", "pod-a udp 10.96.0.1:80 > b", "pod-a tcp 10.96.0.1:90 > b9090"),
        ["named target ports that differ"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Name = "http", Port = 80 }])
                .Slice("web", "http:8080", "10.244.1.5 here").Slice("web", "http:9090", "10.244.1.6 here"),
            "pod-c tcp 10.96.0.1:80 > a b9090"),
        ["host network endpoints"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }]).Slice("web", "9000", "172.30.0.11 here", "172.30.0.12"),
            "pod-a tcp 10.96.0.1:80 > g h", "node tcp 10.96.0.1:80 > g* h*", "client tcp 172.30.0.11:30080 > g* h"),
        ["NodePort"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }]).Slice("web", "8080", All),
            "client tcp 172.30.0.11:30080 > a* b* c*", "client tcp 203.0.113.1:30080 > a* b* c*", "node tcp 172.30.0.11:30080 > a* b* c*",
            "pod-a tcp 172.30.0.11:30080 > a* b* c*", "there tcp 172.30.0.11:30080 > a* b* c*"),
        ["NodePort, UDP"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080, Protocol = "UDP" }]).Slice("web", "/UDP:8080", All),
            "client udp 172.30.0.11:30080 > a* b* c*", "pod-c udp 172.30.0.11:30080 > a* b* c*"),
        ["NodePorts on some addresses"] = new(
            c =>
            {
                c.Options = c.Options with { NodePortNetworks = [System.Net.IPNetwork.Parse("172.30.0.0/24")] };
                DualStack(c, nodePort: 30080);
            },
            // The networks say nothing of IPv6.
            "client tcp 172.30.0.11:30080 > a* b* c*", "client tcp 203.0.113.1:30080 > closed", "client tcp [2001:db8:203::1]:30080 > a* b* c*"),
        ["NodePorts on the primary addresses"] = new(
            c =>
            {
                c.Options = c.Options with { PrimaryNodePorts = true };
                DualStack(c, nodePort: 30080);
            },
            "client tcp 172.30.0.11:30080 > a* b* c*", "client tcp 203.0.113.1:30080 > closed",
            $"client tcp [{Topology.NodeIPv6}]:30080 > a* b* c*", "client tcp [2001:db8:203::1]:30080 > closed"),
        ["NodePort on localhost"] = new(
            c =>
            {
                c.Options = c.Options with { LocalhostNodePorts = true };
                c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }]).Slice("web", "8080", All);
            },
            "node tcp 127.0.0.1:30080 > a* b* c*", "client tcp 172.30.0.11:30080 > a* b* c*")
        {
            NotForIpvs = "IPVS drops what goes from a loopback address to another host (ip_vs_xmit.c, crosses_local_route_boundary)",
        },
        ["NodePort on localhost, not asked for"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }]).Slice("web", "8080", All), "node tcp 127.0.0.1:30080 > closed")
        {
            NotForRelays = "a relay listens on loopback anyway",
        },
        ["NodePort on localhost, IPv6"] = new(
            c =>
            {
                c.Options = c.Options with { LocalhostNodePorts = true };
                DualStack(c, nodePort: 30080);
            },
            "node tcp [::1]:30080 > closed", $"node tcp [{Topology.NodeIPv6}]:30080 > a* b* c*")
        {
            NotForRelays = "a relay answers there; the kernel has no route_localnet for IPv6",
        },
        ["externalIP"] = new(
            c => c.Service("web", "10.96.0.1", 80, s => s.Spec.ExternalIPs = ["198.51.100.1"]).Slice("web", "8080", All),
            "client tcp 198.51.100.1:80 > a* b* c*", "pod-b tcp 198.51.100.1:80 > a* b* c*"),
        ["an externalIP that is another Service's ClusterIP"] = new(
            c => c.Service("a-thief", "10.96.0.2", 80, s => s.Spec.ExternalIPs = ["10.96.0.1"]).Slice("a-thief", "8080", "10.244.1.6 here")
                .Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here"),
            "pod-c tcp 10.96.0.1:80 > a", "pod-c tcp 10.96.0.2:80 > b"),
        ["load-balancer addresses by ipMode"] = new(
            c => c.Service("web", "10.96.0.1", 80, s =>
            {
                s.Spec.Type = "LoadBalancer";
                s.Status.LoadBalancer.Ingress = [new() { IP = "198.51.100.2" }, new() { IP = "198.51.100.3", IPMode = "VIP" }, new() { IP = "172.30.0.12", IPMode = "Proxy" }];
            }).Slice("web", "8080", All),
            "client tcp 198.51.100.2:80 > a* b* c*", "pod-a tcp 198.51.100.3:80 > a* b* c*", "pod-a tcp 172.30.0.12:80 > closed"),
        ["load-balancer address and source ranges"] = new(
            c => c.Service("web", "10.96.0.1", 80, s => LoadBalancer(s, "203.0.113.0/24", " 10.244.1.6/32", "10.244.1.6/31", "2001:db8::/32")).Slice("web", "8080", All),
            "client tcp 198.51.100.2:80 > a* b* c*", "pod-b tcp 198.51.100.2:80 > a* b* c*", "pod-a tcp 198.51.100.2:80 > drop", "node tcp 198.51.100.2:80 > drop"),
        ["source ranges of the other family alone"] = new(
            c => c.Service("web", "10.96.0.1", 80, s => LoadBalancer(s, "2001:db8::/32")).Slice("web", "8080", "10.244.1.5 here"), "client tcp 198.51.100.2:80 > a*"),
        ["dual stack"] = new(
            c => DualStack(c, nodePort: 30080),
            "pod-a tcp 10.96.0.1:80 > a* b c", "pod-a tcp [fd00:10:96::1]:80 > a* b c", "node tcp [fd00:10:96::1]:80 > a* b* c*",
            "client tcp [fd00:10:96::1]:80 > a* b* c*", "client tcp 172.30.0.11:30080 > a* b* c*", $"client tcp [{Topology.NodeIPv6}]:30080 > a* b* c*",
            "pod-a tcp [fd00:10:96::1]:81 > reject"),
        ["dual stack, UDP"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080, Protocol = "UDP" }], s => s.Spec.ClusterIPs = ["10.96.0.1", "fd00:10:96::1"])
                .Slice("web", "/UDP:8080", All).Slice("web", "/UDP:8080", AllIPv6),
            "pod-a udp [fd00:10:96::1]:80 > a* b c", $"client udp [{Topology.NodeIPv6}]:30080 > a* b* c*", "client udp 172.30.0.11:30080 > a* b* c*"),
        ["masquerade all"] = new(
            c =>
            {
                c.Options = c.Options with { MasqueradeAll = true };
                c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], Local).Slice("web", "8080", All);
            },
            "pod-b tcp 10.96.0.1:80 > a* b* c*", "client tcp 172.30.0.11:30080 > a b"),
        ["pods by the node's podCIDRs"] = new(
            c =>
            {
                c.Options = c.Options with { LocalDetector = LocalDetector.NodeCidrs };
                c.Service("web", "10.96.0.1", 80).Slice("web", "8080", All);
            },
            "pod-a tcp 10.96.0.1:80 > a* b c", "pod-c tcp 10.96.0.1:80 > a* b* c*"),
        ["pods by their bridge"] = new(
            c =>
            {
                c.Options = c.Options with { LocalDetector = new LocalDetector.Interface("br0", IsPrefix: false) };
                c.Service("web", "10.96.0.1", 80).Slice("web", "8080", All);
            },
            "pod-a tcp 10.96.0.1:80 > a* b c", "node tcp 10.96.0.1:80 > a* b* c*", "client tcp 10.96.0.1:80 > a* b* c*"),
        ["pods by how their interfaces begin"] = new(
            c =>
            {
                c.Options = c.Options with { LocalDetector = new LocalDetector.Interface("br", IsPrefix: true) };
                c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], Local).Slice("web", "8080", All);
            },
            "pod-a tcp 10.96.0.1:80 > a* b c", "client tcp 10.96.0.1:80 > a* b* c*", "pod-a tcp 172.30.0.11:30080 > a* b c", "client tcp 172.30.0.11:30080 > a b"),
    };

    private static Cluster DualStack(Cluster cluster, int nodePort, Action<Service>? configure = null) => cluster
        .Service("web", "10.96.0.1", [new() { Port = 80, NodePort = nodePort }], s =>
        {
            s.Spec.ClusterIPs = ["10.96.0.1", "fd00:10:96::1"];
            configure?.Invoke(s);
        })
        .Slice("web-4", "web", "8080", All).Slice("web-6", "web", "8080", AllIPv6);

    private static void Local(Service service)
    {
        service.Spec.ExternalTrafficPolicy = "Local";
        service.Spec.ExternalIPs = ["198.51.100.1"];
    }

    private static void LoadBalancer(Service service, params string[] ranges)
    {
        service.Spec.Type = "LoadBalancer";
        service.Spec.LoadBalancerSourceRanges = [.. ranges];
        service.Status.LoadBalancer.Ingress = [new() { IP = "198.51.100.2" }];
    }
}
