using Dataplane.Proxy.Iptables;
using Dataplane.Proxy.Nftables;
using Dataplane.Proxy.Planning;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Probe = Dataplane.Proxy.Tests.Scenarios.Probe;

namespace Dataplane.Proxy.Tests.Kernel;

/// <summary>The longest names and the largest Services that an API server takes.</summary>
public sealed class LimitTests(NftablesKernelTests.Rig rig) : IClassFixture<NftablesKernelTests.Rig>
{
    private const int MostEndpoints = 5000;

    [Theory]
    [InlineData("nftables")]
    [InlineData("iptables")]
    public async Task NamesAreAsLongAsTheyMayBe(string name)
    {
        await using var mode = Start(name);
        var (ns, service, port) = (new string('n', 63), new string('s', 63), new string('p', 15));
        var cluster = new Cluster { Namespace = ns };
        cluster.Service(service, "10.96.0.1", [new() { Name = port, Port = 80, NodePort = 30080 }], s =>
        {
            s.Spec.Type = "LoadBalancer";
            s.Spec.ClusterIPs = ["10.96.0.1", "fd00:10:96:1111:2222:3333:4444:5555"];
            s.Spec.ExternalIPs = ["198.51.100.1"];
            s.Spec.ExternalTrafficPolicy = "Local";
            s.Spec.SessionAffinity = "ClientIP";
            s.Spec.LoadBalancerSourceRanges = ["203.0.113.0/24"];
            s.Spec.HealthCheckNodePort = 32000;
            s.Status.LoadBalancer.Ingress = [new() { IP = "198.51.100.2" }];
        });
        cluster.Slice(service, $"{port}:8080", "10.244.1.5 here").Slice(service, $"{port}:65535", "fd00:10:244:1111:2222:3333:4444:5555");
        mode.Apply(null, cluster.Plan());
        try
        {
            Assert.Equal("a", await Prober.ConnectAsync(rig.Network, Probe.Parse("pod-c tcp 10.96.0.1:80 > a")));
            Assert.Equal("a", await Prober.ConnectAsync(rig.Network, Probe.Parse("client tcp 198.51.100.2:80 > a")));
            if (name == IptablesMode.ModeName)
            {
                var saved = (await Tools.RunAsync(rig.Network.Node.Namespace, "ip6tables-nft-save", [])).OutputOrThrow();
                Assert.Contains($"\"{ns}/{service}:{port} -> [fd00:10:244:1111:2222:3333:4444:5555]:65535\"", saved, StringComparison.Ordinal);
            }
        }
        finally
        {
            mode.Cleanup();
        }
    }

    [Theory]
    [InlineData("nftables")]
    [InlineData("iptables")]
    public async Task AServiceHasThousandsOfEndpoints(string name)
    {
        await using var mode = Start(name);
        var cluster = new Cluster().Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }]);
        ForwardingPlan? plan = null;
        try
        {
            foreach (var first in new[] { 0, 1 })
            {
                var endpoints = Enumerable.Range(first, MostEndpoints).Select(index => $"10.200.{index / 250}.{1 + (index % 250)}").ToArray();
                var next = cluster.Slice("s", "web", "8080", endpoints).Plan();
                mode.Apply(plan, next);
                plan = next;
                Assert.True(mode.IsIntact());
                var listed = (await Tools.RunAsync(rig.Network.Node.Namespace, "nft", ["list", "ruleset"])).OutputOrThrow();
                Assert.Contains("10.200.19.250", listed, StringComparison.Ordinal);
                Assert.Equal(first == 0, listed.Contains("10.200.0.1", StringComparison.Ordinal) && !listed.Contains("10.200.20.1", StringComparison.Ordinal));
            }

            mode.Apply(plan, cluster.Slice("s", "web", "8080", ["10.244.1.5 here"]).Plan());
            Assert.Equal("a", await Prober.ConnectAsync(rig.Network, Probe.Parse("pod-c tcp 10.96.0.1:80 > a")));
            Assert.Equal("a*", await Prober.ConnectAsync(rig.Network, Probe.Parse("client tcp 172.30.0.11:30080 > a*")));
        }
        finally
        {
            mode.Cleanup();
        }
    }

    private IProxyMode Start(string name)
    {
        var context = new ProxyModeContext(rig.Network.Node.Namespace, 0x4000, () => { }, NullLoggerFactory.Instance, TimeProvider.System);
        return name == NftablesMode.ModeName ? new NftablesMode(context) : new IptablesMode(context);
    }
}
