using Dataplane.Api;

namespace Dataplane.Proxy.Tests.Scenarios;

internal static partial class ScenarioTable
{
    private static Dictionary<string, Scenario> EndpointStates() => new()
    {
        ["no endpoints"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }, new() { Name = "u", Port = 80, NodePort = 30081, Protocol = "UDP" }]),
            "pod-a tcp 10.96.0.1:80 > reject", "client tcp 172.30.0.11:30080 > reject", "node tcp 10.96.0.1:80 > reject", "pod-a udp 10.96.0.1:80 > reject"),
        ["no endpoints of one family"] = new(
            c => c.Service("web", "10.96.0.1", 80, s => s.Spec.ClusterIPs = ["10.96.0.1", "fd00:10:96::1"]).Slice("web", "8080", "10.244.1.5 here"),
            "pod-b tcp 10.96.0.1:80 > a", "pod-b tcp [fd00:10:96::1]:80 > reject"),
        ["a port the Service does not have"] = new(
            c => c.Service("web", "10.96.0.1", 80).Slice("web", "8080", All), "pod-a tcp 10.96.0.1:81 > reject", "node tcp 10.96.0.1:81 > reject"),
        ["terminating endpoints, policy Cluster"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }])
                .Slice("web", "8080", "10.244.1.5 here terminating serving", "10.244.1.6 here terminating", "10.244.2.5 terminating serving"),
            "pod-a tcp 10.96.0.1:80 > a* c", "client tcp 172.30.0.11:30080 > a* c*"),
        ["terminating endpoints beside a ready one, policy Cluster"] = new(
            c => c.Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here terminating serving", "10.244.2.5"), "pod-a tcp 10.96.0.1:80 > c"),
        ["terminating endpoints, external policy Local"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], Local)
                .Slice("web", "8080", "10.244.1.5 here terminating serving", "10.244.2.5"),
            "client tcp 172.30.0.11:30080 > a", "pod-b tcp 10.96.0.1:80 > c"),
        ["terminating endpoints, internal policy Local"] = new(
            c => c.Service("web", "10.96.0.1", 80, s => s.Spec.InternalTrafficPolicy = "Local")
                .Slice("web", "8080", "10.244.1.5 here terminating serving", "10.244.1.6 here terminating", "10.244.2.5"),
            "pod-b tcp 10.96.0.1:80 > a"),
        ["publishNotReadyAddresses"] = new(
            // Its controller publishes such endpoints as ready, also while they terminate.
            c => c.Service("web", "10.96.0.1", 80, s => s.Spec.PublishNotReadyAddresses = true).Slice("web", "8080", "10.244.1.5 here ready terminating", "10.244.2.5"),
            "pod-b tcp 10.96.0.1:80 > a c"),
        ["zone hints"] = new(
            c => c.Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here zone=a", "10.244.1.6 here zone=b", "10.244.2.5 zone=a"),
            "pod-b tcp 10.96.0.1:80 > a c"),
        ["zone hints, none for this zone"] = new(
            c => c.Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here zone=b", "10.244.2.5 zone=c"), "pod-b tcp 10.96.0.1:80 > a c"),
        ["zone hints, one endpoint without"] = new(
            c => c.Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here zone=b", "10.244.2.5"), "pod-b tcp 10.96.0.1:80 > a c"),
        ["node hints"] = new(
            c => c.Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here zone=a node=here", "10.244.2.5 zone=a node=there"), "pod-b tcp 10.96.0.1:80 > a"),
        ["node hints, none for this node"] = new(
            c => c.Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here zone=b node=there", "10.244.2.5 zone=a node=there"),
            "pod-b tcp 10.96.0.1:80 > c"),
        ["hints are for policy Cluster alone"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], Local).Slice("web", "8080", "10.244.1.5 here zone=b", "10.244.2.5 zone=a"),
            "pod-b tcp 10.96.0.1:80 > c", "client tcp 172.30.0.11:30080 > a"),
        ["session affinity"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], Affine).Slice("web", "8080", All),
            "pod-b tcp 10.96.0.1:80 > a|b*|c", "client tcp 172.30.0.11:30080 > a*|b*|c*"),
        ["session affinity, IPv6"] = new(
            c => DualStack(c, nodePort: 30080, Affine), "pod-b tcp [fd00:10:96::1]:80 > a|b*|c", $"client tcp [{Topology.NodeIPv6}]:30080 > a*|b*|c*"),
        ["session affinity, UDP"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080, Protocol = "UDP" }], Affine).Slice("web", "/UDP:8080", All),
            "pod-b udp 10.96.0.1:80 > a|b*|c", "client udp 172.30.0.11:30080 > a*|b*|c*"),
        ["session affinity, host network endpoints"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], Affine).Slice("web", "9000", "172.30.0.11 here", "172.30.0.12"),
            "pod-a tcp 10.96.0.1:80 > g|h", "node tcp 10.96.0.1:80 > g*|h*", "client tcp 172.30.0.11:30080 > g*|h"),
        ["session affinity, source ranges"] = new(
            c => c.Service("web", "10.96.0.1", 80, s =>
            {
                LoadBalancer(s, "203.0.113.0/24");
                Affine(s);
            }).Slice("web", "8080", All),
            "client tcp 198.51.100.2:80 > a*|b*|c*", "pod-b tcp 198.51.100.2:80 > drop"),
        ["session affinity, external policy Local"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], s =>
            {
                Local(s);
                Affine(s);
            }).Slice("web", "8080", All),
            "client tcp 172.30.0.11:30080 > a|b", "pod-b tcp 172.30.0.11:30080 > a|b*|c"),
    };

    private static void Affine(Service service) => service.Spec.SessionAffinity = "ClientIP";
}
