using System.Net.Sockets;
using Dataplane.Proxy.Iptables;
using Dataplane.Proxy.Iptables.Rules;
using Dataplane.Proxy.Tests.Scenarios;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Proxy.Tests.Iptables;

public sealed class RuleTracerTests
{
    public static TheoryData<string> Names => ScenarioTable.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task RenderedRulesDoWhatTheScenarioSays(string name)
    {
        using var store = new TracedStore();
        await using var mode = Mode(store);
        var tracer = new RuleTracer(store);
        await IptablesScenarios.RunAsync(name, mode, probe => Task.FromResult<IReadOnlyCollection<string>>(tracer.Trace(probe)));
    }

    [Fact]
    public void AClientKeepsItsEndpointUntilThatGoes()
    {
        using var store = new TracedStore();
        var mode = Mode(store);
        var cluster = new Cluster().Service("web", "10.96.0.1", 80, s => s.Spec.SessionAffinity = "ClientIP");
        mode.Apply(null, cluster.Slice("s", "web", "8080", ["10.244.1.5 here", "10.244.1.6 here"]).Plan());
        var tracer = new RuleTracer(store);
        var probe = Probe.Parse("pod-c tcp 10.96.0.1:80 > a");

        Assert.Equal("a", tracer.Trace(probe, 0));
        Assert.Equal("a", tracer.Trace(probe, 1));

        mode.Apply(null, cluster.Slice("s", "web", "8080", ["10.244.1.6 here"]).Plan());
        Assert.Equal("b", tracer.Trace(probe, 0));
    }

    // The rule-count oracle of kubernetes pkg/proxy/iptables/number_generated_rules_test.go, with localhost NodePorts: one rule more in filter.
    [Theory]
    [InlineData(0, 0, 4, 5)]
    [InlineData(1, 0, 5, 5)]
    [InlineData(1, 1, 4, 10)]
    [InlineData(1, 2, 4, 13)]
    [InlineData(1, 10, 4, 37)]
    [InlineData(10, 0, 14, 5)]
    [InlineData(10, 1, 4, 55)]
    [InlineData(10, 2, 4, 85)]
    [InlineData(10, 10, 4, 325)]
    public void ThereAreAsManyRulesAsKubeProxyWrites(int services, int endpoints, int filter, int nat)
    {
        using var store = new TracedStore();
        var cluster = Many(services, endpoints, (_, _) => { });
        Mode(store).Apply(null, cluster.Plan());

        Assert.Equal((filter, nat), (store.Count(AddressFamily.InterNetwork, IptablesTable.Filter), store.Count(AddressFamily.InterNetwork, IptablesTable.Nat)));
    }

    // The same file's LoadBalancer services, nat = 5 + S(10 + 3n), less the rule of each node port that counts connections to it on localhost by
    // nfacct, which kube-proxy leaves out as well where the kernel has no nfacct.
    [Theory]
    [InlineData(0, 0, 4, 5)]
    [InlineData(1, 0, 8, 5)]
    [InlineData(1, 1, 5, 17)]
    [InlineData(1, 2, 5, 20)]
    [InlineData(1, 10, 5, 44)]
    [InlineData(10, 0, 44, 5)]
    [InlineData(10, 1, 14, 125)]
    [InlineData(10, 10, 14, 395)]
    public void ThereAreAsManyRulesOfLoadBalancersAsKubeProxyWrites(int services, int endpoints, int filter, int nat)
    {
        using var store = new TracedStore();
        var cluster = Many(services, endpoints, (service, index) =>
        {
            service.Spec.Type = "LoadBalancer";
            service.Spec.Ports[0].NodePort = 30000 + index;
            service.Spec.ExternalTrafficPolicy = "Cluster";
            service.Spec.ExternalIPs = [$"198.51.100.{index + 1}"];
            service.Spec.LoadBalancerSourceRanges = [" 1.2.3.4/28"];
            service.Status.LoadBalancer.Ingress = [new() { IP = $"198.51.101.{index + 1}" }];
        });
        Mode(store).Apply(null, cluster.Plan());

        Assert.Equal((filter, nat), (store.Count(AddressFamily.InterNetwork, IptablesTable.Filter), store.Count(AddressFamily.InterNetwork, IptablesTable.Nat)));
    }

    private static Cluster Many(int services, int endpoints, Action<Api.Service, int> configure)
    {
        var cluster = new Cluster();
        cluster.Options = cluster.Options with { LocalhostNodePorts = true };
        for (var index = 0; index < services; index++)
        {
            var at = index;
            cluster.Service($"svc{index}", $"10.96.0.{index + 1}", [new() { Port = 80 + index }], service => configure(service, at));
            if (endpoints > 0)
            {
                cluster.Slice($"svc{index}", "8080", [.. Enumerable.Range(1, endpoints).Select(endpoint => $"10.244.2.{endpoint}")]);
            }
        }

        return cluster;
    }

    private static IptablesMode Mode(TracedStore store) =>
        new(new ProxyModeContext(null, 0x4000, () => { }, NullLoggerFactory.Instance, TimeProvider.System), () => store);
}
