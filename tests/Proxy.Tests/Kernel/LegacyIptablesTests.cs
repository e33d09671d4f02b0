using Dataplane.Proxy.Iptables;
using Dataplane.Proxy.Iptables.Legacy;
using Dataplane.Proxy.Tests.Iptables;
using Dataplane.Proxy.Tests.Scenarios;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Proxy.Tests.Kernel;

/// <summary>The same rules in x_tables of old.</summary>
public sealed class LegacyIptablesTests(LegacyIptablesTests.Rig rig) : IClassFixture<LegacyIptablesTests.Rig>
{
    /// <summary>The kernel does here what it does in nf_tables: one scenario for every kind of rule.</summary>
    [Theory]
    [InlineData("external policy Local")]
    [InlineData("load-balancer address and source ranges")]
    [InlineData("session affinity is switched on and off")]
    [InlineData("unready and ready again")]
    [InlineData("endpoints of one family come and go")]
    [InlineData("NodePort on localhost")]
    [InlineData("ExternalName, ClusterIP, NodePort and back")]
    public async Task TheKernelDoesWhatTheScenarioSays(string name)
    {
        await using var mode = rig.Start();
        await IptablesScenarios.RunAsync(name, mode, probe => Prober.RunAsync(rig.Network, probe));
        Assert.True(mode.IsIntact());
        rig.Store.Cleanup();
    }

    [Fact]
    public async Task TheRulesAreKubeProxys()
    {
        using var network = new TestNetwork();
        var ours = network.AddHost("ours").Namespace;
        var theirs = network.AddHost("theirs").Namespace;
        Tools.Require("iptables-legacy-save");
        using var store = new LegacyRuleStore(ours, hasIpv6: false);
        await using var mode = Rig.Over(store, ours);
        var cluster = KubeProxyRules.Services();
        var plan = cluster.Plan();
        mode.Apply(null, plan);
        (await Tools.RunAsync(theirs, "iptables-legacy-restore", ["--noflush"], KubeProxyRules.Filter + KubeProxyRules.Nat)).OutputOrThrow();
        var wanted = SavedRules.Normalize(await SavedRules.ReadAsync(theirs, "iptables-legacy-save"));

        Assert.Equal(wanted, SavedRules.Normalize(await SavedRules.ReadAsync(ours, "iptables-legacy-save")));

        // A second full write finds the jumps of the first one, and a Service that comes and goes leaves nothing.
        mode.Apply(null, plan);
        var more = cluster.Service("more", "172.30.0.99", 80).Slice("more", "8080", "10.180.0.9").Plan();
        mode.Apply(plan, more);
        Assert.NotEqual(wanted, SavedRules.Normalize(await SavedRules.ReadAsync(ours, "iptables-legacy-save")));
        mode.Apply(more, cluster.Delete("more").Plan());
        Assert.Equal(wanted, SavedRules.Normalize(await SavedRules.ReadAsync(ours, "iptables-legacy-save")));
    }

    [Fact]
    public async Task WhatSomebodyFlushesIsNoticed()
    {
        await using var mode = rig.Start();
        mode.Apply(null, new Cluster().Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here").Plan());
        Assert.True(mode.IsIntact());
        (await Tools.RunAsync(rig.Network.Node.Namespace, "iptables-legacy", ["-t", "nat", "-F", "PREROUTING"])).OutputOrThrow();
        Assert.False(mode.IsIntact());
        rig.Store.Cleanup();
        Assert.DoesNotContain("KUBE", await SavedRules.ReadAsync(rig.Network.Node.Namespace, "iptables-legacy-save"));
    }

    /// <summary>A host whose kubelet writes legacy tables gets the rules there; whoever changes over leaves nothing in the others.</summary>
    [Fact]
    public async Task TheKubeletsTablesAreUsed()
    {
        using var network = new TestNetwork();
        var node = network.AddHost("node").Namespace;
        var context = new ProxyModeContext(node, 0x4000, () => { }, NullLoggerFactory.Instance, TimeProvider.System);
        var plan = new Cluster().Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here").Plan();
        await using (var nft = new IptablesMode(context))
        {
            nft.Apply(null, plan);
        }

        Assert.Contains("KUBE-SVC", await SavedRules.ReadAsync(node, "iptables-nft-save"));
        (await Tools.RunAsync(node, "iptables-legacy", ["-t", "mangle", "-N", "KUBE-IPTABLES-HINT"])).OutputOrThrow();
        await using (var legacy = new IptablesMode(context))
        {
            legacy.Apply(null, plan);
        }

        Assert.Contains("KUBE-SVC", await SavedRules.ReadAsync(node, "iptables-legacy-save"));
        Assert.DoesNotContain("KUBE", await SavedRules.ReadAsync(node, "iptables-nft-save"));

        (await Tools.RunAsync(node, "iptables-legacy", ["-t", "mangle", "-X", "KUBE-IPTABLES-HINT"])).OutputOrThrow();
        await using var again = new IptablesMode(context);
        again.Apply(null, plan);
        Assert.DoesNotContain("KUBE", await SavedRules.ReadAsync(node, "iptables-legacy-save"));
        Assert.Contains("KUBE-SVC", await SavedRules.ReadAsync(node, "iptables-nft-save"));
    }

    /// <summary>One network for all tests of the class.</summary>
    public sealed class Rig : IDisposable
    {
        public Rig()
        {
            Tools.Require("iptables-legacy-restore");
            Network = new ScenarioNetwork();
            Store = new LegacyRuleStore(Network.Node.Namespace, hasIpv6: true);
        }

        internal ScenarioNetwork Network { get; }

        internal LegacyRuleStore Store { get; }

        public void Dispose() => Network.Dispose();

        internal IptablesMode Start() => Over(Store, Network.Node.Namespace);

        internal static IptablesMode Over(LegacyRuleStore store, Linux.Namespaces.NetworkNamespace node) =>
            new(new ProxyModeContext(node, 0x4000, () => { }, NullLoggerFactory.Instance, TimeProvider.System), () => store);
    }
}
