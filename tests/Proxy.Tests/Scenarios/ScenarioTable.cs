using Dataplane.Api;

namespace Dataplane.Proxy.Tests.Scenarios;

/// <summary>What every kernel mode must do; run by a tracer over what the mode rendered and by real sockets in network namespaces.</summary>
internal static class ScenarioTable
{
    private static readonly string[] All = ["10.244.1.5 here", "10.244.1.6 here", "10.244.2.5"];

    internal static readonly Dictionary<string, Scenario> Scenarios = new()
    {
        ["ClusterIP"] = new(
            c => c.Service("web", "10.96.0.1", 80).Slice("web", "8080", All),
            "pod-a tcp 10.96.0.1:80 > a* b c", "node tcp 10.96.0.1:80 > a* b* c*", "client tcp 10.96.0.1:80 > a* b* c*"),
        ["UDP"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, Protocol = "UDP" }]).Slice("web", "/UDP:8080", All),
            "pod-a udp 10.96.0.1:80 > a* b c", "client udp 10.96.0.1:80 > a* b* c*", "pod-a tcp 10.96.0.1:80 > reject"),
        ["multiport, one port on two protocols"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Name = "a", Port = 80 }, new() { Name = "b", Port = 80, Protocol = "UDP" }, new() { Name = "c", Port = 90 }])
                .Slice("web", "a:8080", "10.244.1.5 here").Slice("web", "b/UDP:8080,c:9090", "10.244.1.6 here"),
            "pod-a tcp 10.96.0.1:80 > a*", "pod-a udp 10.96.0.1:80 > b", "pod-a tcp 10.96.0.1:90 > b9090"),
        ["NodePort"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }]).Slice("web", "8080", All),
            "client tcp 172.30.0.11:30080 > a* b* c*", "client tcp 203.0.113.1:30080 > a* b* c*", "node tcp 172.30.0.11:30080 > a* b* c*",
            "pod-a tcp 172.30.0.11:30080 > a* b* c*"),
        ["externalIP"] = new(
            c => c.Service("web", "10.96.0.1", 80, s => s.Spec.ExternalIPs = ["198.51.100.1"]).Slice("web", "8080", All),
            "client tcp 198.51.100.1:80 > a* b* c*", "pod-b tcp 198.51.100.1:80 > a* b* c*"),
        ["load-balancer address and source ranges"] = new(
            c => c.Service("web", "10.96.0.1", 80, s =>
            {
                s.Spec.Type = "LoadBalancer";
                s.Spec.LoadBalancerSourceRanges = ["203.0.113.0/24", "10.244.1.6/32"];
                s.Status.LoadBalancer.Ingress = [new() { IP = "198.51.100.2" }];
            }).Slice("web", "8080", All),
            "client tcp 198.51.100.2:80 > a* b* c*", "pod-b tcp 198.51.100.2:80 > a* b* c*", "pod-a tcp 198.51.100.2:80 > drop"),
        ["no endpoints"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }, new() { Name = "u", Port = 80, NodePort = 30081, Protocol = "UDP" }]),
            "pod-a tcp 10.96.0.1:80 > reject", "client tcp 172.30.0.11:30080 > reject", "node tcp 10.96.0.1:80 > reject", "pod-a udp 10.96.0.1:80 > reject"),
        ["a port the Service does not have"] = new(
            c => c.Service("web", "10.96.0.1", 80).Slice("web", "8080", All), "pod-a tcp 10.96.0.1:81 > reject", "node tcp 10.96.0.1:81 > reject"),
        ["internal policy Local"] = new(
            c => c.Service("web", "10.96.0.1", 80, s => s.Spec.InternalTrafficPolicy = "Local").Slice("web", "8080", All),
            "pod-a tcp 10.96.0.1:80 > a* b", "node tcp 10.96.0.1:80 > a* b*"),
        ["internal policy Local, none local"] = new(
            c => c.Service("web", "10.96.0.1", 80, s => s.Spec.InternalTrafficPolicy = "Local").Slice("web", "8080", "10.244.2.5"),
            "pod-a tcp 10.96.0.1:80 > drop"),
        ["external policy Local"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], Local).Slice("web", "8080", All),
            "client tcp 172.30.0.11:30080 > a b", "client tcp 198.51.100.1:80 > a b", "node tcp 172.30.0.11:30080 > a* b* c*",
            "pod-a tcp 172.30.0.11:30080 > a* b c", "client tcp 10.96.0.1:80 > a* b* c*"),
        ["external policy Local, none local"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], Local).Slice("web", "8080", "10.244.2.5"),
            "client tcp 172.30.0.11:30080 > drop", "pod-a tcp 172.30.0.11:30080 > c", "node tcp 172.30.0.11:30080 > c*"),
        ["endpoints change"] = new(
            c => c.Service("web", "10.96.0.1", 80).Slice("s", "web", "8080", ["10.244.1.5 here", "10.244.1.6 here"]), "pod-c tcp 10.96.0.1:80 > a b")
        {
            Change = c => c.Slice("s", "web", "8080", ["10.244.1.6 here", "10.244.2.5"]),
            ProbesAfterChange = ["pod-b tcp 10.96.0.1:80 > b* c", "pod-a tcp 10.96.0.1:80 > b c"],
        },
        ["the last endpoint goes and one comes back"] = new(
            c => c.Service("web", "10.96.0.1", 80).Slice("s", "web", "8080", ["10.244.1.5 here unready"]), "pod-c tcp 10.96.0.1:80 > reject")
        {
            Change = c => c.Slice("s", "web", "8080", ["10.244.1.5 here"]),
            ProbesAfterChange = ["pod-c tcp 10.96.0.1:80 > a"],
        },
        ["a Service goes"] = new(
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }]).Service("other", "10.96.0.2", 80)
                .Slice("web", "8080", "10.244.1.5 here").Slice("other", "8080", "10.244.1.6 here"),
            "client tcp 172.30.0.11:30080 > a*", "pod-c tcp 10.96.0.1:80 > a")
        {
            Change = c => c.Delete("web"),
            ProbesAfterChange = ["client tcp 172.30.0.11:30080 > closed", "pod-c tcp 10.96.0.2:80 > b"],
        },
        ["a ClusterIP goes to another Service at once"] = new(
            c => c.Service("old", "10.96.0.1", 80).Slice("old", "8080", "10.244.1.5 here").Slice("new", "8080", "10.244.1.6 here"), "pod-c tcp 10.96.0.1:80 > a")
        {
            Change = c => c.Delete("old").Service("new", "10.96.0.1", 80),
            ProbesAfterChange = ["pod-c tcp 10.96.0.1:80 > b"],
        },
        ["masquerade all"] = new(
            c =>
            {
                c.Options = c.Options with { MasqueradeAll = true };
                c.Service("web", "10.96.0.1", 80).Slice("web", "8080", All);
            },
            "pod-b tcp 10.96.0.1:80 > a* b* c*"),
        ["NodePorts on some addresses"] = new(
            c =>
            {
                c.Options = c.Options with { NodePortNetworks = [System.Net.IPNetwork.Parse("172.30.0.0/24")] };
                c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }]).Slice("web", "8080", "10.244.1.5 here");
            },
            "client tcp 172.30.0.11:30080 > a*", "client tcp 203.0.113.1:30080 > closed"),
    };

    private static void Local(Service service)
    {
        service.Spec.ExternalTrafficPolicy = "Local";
        service.Spec.ExternalIPs = ["198.51.100.1"];
    }
}
