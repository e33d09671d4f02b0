namespace Dataplane.Proxy.Tests.Scenarios;

internal static partial class ScenarioTable
{
    private static readonly string[] NoneLocal = ["10.244.2.5"];

    private static Dictionary<string, Scenario> Policies() => new()
    {
        ["internal policy Local"] = new(
            c => c.Service("web", "10.96.0.1", 80, s => s.Spec.InternalTrafficPolicy = "Local").Slice("web", "8080", All),
            "pod-a tcp 10.96.0.1:80 > a* b", "node tcp 10.96.0.1:80 > a* b*"),
        ["internal policy Local, host network"] = new(
            c => c.Service("web", "10.96.0.1", 80, s => s.Spec.InternalTrafficPolicy = "Local").Slice("web", "9000", "172.30.0.11 here", "172.30.0.12"),
            "pod-a tcp 10.96.0.1:80 > h", "node tcp 10.96.0.1:80 > h*"),
        ["internal policy Local, none local"] = new(
            c => c.Service("web", "10.96.0.1", 80, s => s.Spec.InternalTrafficPolicy = "Local").Slice("web", "8080", NoneLocal), "pod-a tcp 10.96.0.1:80 > drop"),
        ["internal policy Local, none anywhere"] = new(
            c => c.Service("web", "10.96.0.1", 80, s => s.Spec.InternalTrafficPolicy = "Local"), "pod-a tcp 10.96.0.1:80 > reject"),
        ["internal policy Local says nothing of NodePorts"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], s => s.Spec.InternalTrafficPolicy = "Local").Slice("web", "8080", NoneLocal),
            "pod-a tcp 10.96.0.1:80 > drop", "client tcp 172.30.0.11:30080 > c*"),
        ["external policy Local"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], Local).Slice("web", "8080", All),
            "client tcp 172.30.0.11:30080 > a b", "client tcp 198.51.100.1:80 > a b", "node tcp 172.30.0.11:30080 > a* b* c*",
            "pod-a tcp 172.30.0.11:30080 > a* b c", "there tcp 172.30.0.11:30080 > a b", "client tcp 10.96.0.1:80 > a* b* c*"),
        ["external policy Local, IPv6"] = new(
            c => DualStack(c, nodePort: 30080, s => s.Spec.ExternalTrafficPolicy = "Local"),
            $"client tcp [{Topology.NodeIPv6}]:30080 > a b", $"node tcp [{Topology.NodeIPv6}]:30080 > a* b* c*", $"pod-a tcp [{Topology.NodeIPv6}]:30080 > a* b c"),
        ["external policy Local, host network"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], Local).Slice("web", "9000", "172.30.0.11 here", "172.30.0.12"),
            "client tcp 172.30.0.11:30080 > h"),
        ["external policy Local, none local"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], Local).Slice("web", "8080", NoneLocal),
            "client tcp 172.30.0.11:30080 > drop", "pod-a tcp 172.30.0.11:30080 > c", "node tcp 172.30.0.11:30080 > c*"),
        ["external policy Local, none anywhere"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], Local),
            "client tcp 172.30.0.11:30080 > reject", "pod-a tcp 198.51.100.1:80 > reject"),
        ["both policies Local"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], s =>
            {
                Local(s);
                s.Spec.InternalTrafficPolicy = "Local";
            }).Slice("web", "8080", All),
            "pod-a tcp 10.96.0.1:80 > a* b", "client tcp 172.30.0.11:30080 > a b", "pod-a tcp 172.30.0.11:30080 > a* b c"),
        ["external policy Local and source ranges"] = new(
            c => c.Service("web", "10.96.0.1", 80, s =>
            {
                LoadBalancer(s, "203.0.113.0/24", "10.244.1.6/32");
                s.Spec.ExternalTrafficPolicy = "Local";
            }).Slice("web", "8080", All),
            "client tcp 198.51.100.2:80 > a b", "pod-b tcp 198.51.100.2:80 > a b* c", "pod-a tcp 198.51.100.2:80 > drop"),
    };
}
