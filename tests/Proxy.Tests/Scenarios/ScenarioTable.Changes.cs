namespace Dataplane.Proxy.Tests.Scenarios;

internal static partial class ScenarioTable
{
    private static Dictionary<string, Scenario> Changes() => new()
    {
        ["endpoints change"] = new Scenario(
            c => c.Service("web", "10.96.0.1", 80).Slice("s", "web", "8080", ["10.244.1.5 here", "10.244.1.6 here"]), "pod-c tcp 10.96.0.1:80 > a b")
            .Then(c => c.Slice("s", "web", "8080", ["10.244.1.6 here", "10.244.2.5"]), "pod-b tcp 10.96.0.1:80 > b* c", "pod-a tcp 10.96.0.1:80 > b c"),
        ["unready and ready again"] = new Scenario(
            c => c.Service("web", "10.96.0.1", 80).Slice("s", "web", "8080", ["10.244.1.5 here"]), "pod-c tcp 10.96.0.1:80 > a")
            .Then(c => c.Slice("s", "web", "8080", ["10.244.1.5 here unready"]), "pod-c tcp 10.96.0.1:80 > reject")
            .Then(c => c.Slice("s", "web", "8080", ["10.244.1.5 here"]), "pod-c tcp 10.96.0.1:80 > a"),
        ["a Service goes"] = new Scenario(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }]).Service("other", "10.96.0.2", 80)
                .Slice("web", "8080", "10.244.1.5 here").Slice("other", "8080", "10.244.1.6 here"),
            "client tcp 172.30.0.11:30080 > a*", "pod-c tcp 10.96.0.1:80 > a")
            .Then(c => c.Delete("web"), "client tcp 172.30.0.11:30080 > closed", "pod-c tcp 10.96.0.2:80 > b"),
        ["a Service is deleted and comes back"] = new Scenario(
            c => c.Service("web", "10.96.0.1", 80).Slice("s", "web", "8080", ["10.244.1.5 here"]), "pod-c tcp 10.96.0.1:80 > a")
            .Then(c => c.Delete("web"))
            .Then(c => c.Service("web", "10.96.0.1", 80), "pod-c tcp 10.96.0.1:80 > a"),
        ["ExternalName, ClusterIP, NodePort and back"] = new Scenario(
            c => c.Service("web", "", 80, s => s.Spec.Type = "ExternalName").Slice("s", "web", "8080", ["10.244.1.5 here"]), "client tcp 172.30.0.11:30080 > closed")
            .Then(c => c.Service("web", "10.96.0.1", 80), "pod-c tcp 10.96.0.1:80 > a")
            .Then(c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }]), "pod-c tcp 10.96.0.1:80 > a", "client tcp 172.30.0.11:30080 > a*")
            .Then(c => c.Service("web", "10.96.0.1", 80), "pod-c tcp 10.96.0.1:80 > a", "client tcp 172.30.0.11:30080 > closed")
            .Then(c => c.Service("web", "", 80, s => s.Spec.Type = "ExternalName"), "client tcp 172.30.0.11:30080 > closed"),
        ["a ClusterIP goes to another Service at once"] = new Scenario(
            c => c.Service("old", "10.96.0.1", 80).Slice("old", "8080", "10.244.1.5 here").Slice("new", "8080", "10.244.1.6 here"), "pod-c tcp 10.96.0.1:80 > a")
            .Then(c => c.Delete("old").Service("new", "10.96.0.1", 80), "pod-c tcp 10.96.0.1:80 > b"),
        ["session affinity is switched on and off"] = new Scenario(
            c => c.Service("web", "10.96.0.1", 80).Slice("web", "8080", All), "pod-b tcp 10.96.0.1:80 > a b* c")
            .Then(c => c.Service("web", "10.96.0.1", 80, Affine), "pod-b tcp 10.96.0.1:80 > a|b*|c")
            .Then(c => c.Service("web", "10.96.0.1", 80), "pod-b tcp 10.96.0.1:80 > a b* c"),
        ["session affinity, the endpoint goes"] = new Scenario(
            c => c.Service("web", "10.96.0.1", 80, Affine).Slice("s", "web", "8080", ["10.244.1.5 here"]), "pod-b tcp 10.96.0.1:80 > a")
            .Then(c => c.Slice("s", "web", "8080", ["10.244.1.6 here", "10.244.2.5"]), "pod-b tcp 10.96.0.1:80 > b*|c")
            .Then(c => c.Slice("s", "web", "8080", []), "pod-b tcp 10.96.0.1:80 > reject")
            .Then(c => c.Slice("s", "web", "8080", ["10.244.1.5 here", "10.244.1.6 here"]), "pod-b tcp 10.96.0.1:80 > a|b*"),
        ["session affinity, the endpoint terminates"] = new Scenario(
            c => c.Service("web", "10.96.0.1", 80, Affine).Slice("s", "web", "8080", ["10.244.1.5 here"]), "pod-c tcp 10.96.0.1:80 > a")
            .Then(c => c.Slice("s", "web", "8080", ["10.244.1.5 here terminating serving", "10.244.1.6 here"]), "pod-c tcp 10.96.0.1:80 > b")
            .Then(c => c.Slice("s", "web", "8080", ["10.244.1.5 here terminating serving"]), "pod-c tcp 10.96.0.1:80 > a"),
        ["policies change"] = new Scenario(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }]).Slice("web", "8080", All), "client tcp 172.30.0.11:30080 > a* b* c*")
            .Then(c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], Local), "client tcp 172.30.0.11:30080 > a b", "client tcp 198.51.100.1:80 > a b")
            .Then(
                c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], s => s.Spec.InternalTrafficPolicy = "Local"),
                "client tcp 172.30.0.11:30080 > a* b* c*", "pod-a tcp 10.96.0.1:80 > a* b"),
        ["source ranges change"] = new Scenario(
            c => c.Service("web", "10.96.0.1", 80, s => LoadBalancer(s, "203.0.113.0/24")).Slice("web", "8080", "10.244.1.5 here"),
            "client tcp 198.51.100.2:80 > a*", "pod-b tcp 198.51.100.2:80 > drop")
            .Then(
                c => c.Service("web", "10.96.0.1", 80, s => LoadBalancer(s, "203.0.113.0/28", "10.244.1.6/32")),
                "client tcp 198.51.100.2:80 > a*", "pod-b tcp 198.51.100.2:80 > a*", "node tcp 198.51.100.2:80 > drop")
            .Then(c => c.Service("web", "10.96.0.1", 80, s => LoadBalancer(s)), "node tcp 198.51.100.2:80 > a*"),
        ["endpoints of one family come and go"] = new Scenario(
            c => DualStack(c, nodePort: 0), "pod-b tcp [fd00:10:96::1]:80 > a b* c", "pod-b tcp 10.96.0.1:80 > a b* c")
            .Then(c => c.DeleteSlice("web-6"), "pod-b tcp [fd00:10:96::1]:80 > reject", "pod-b tcp 10.96.0.1:80 > a b* c")
            .Then(c => c.Slice("web-6", "web", "8080", ["fd00:10:244:2::5"]), "pod-b tcp [fd00:10:96::1]:80 > c"),
    };
}
