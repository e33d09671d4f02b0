using System.Text.RegularExpressions;
using Dataplane.Proxy.Iptables;
using Dataplane.Proxy.Tests.Iptables;
using Dataplane.Proxy.Tests.Scenarios;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Proxy.Tests.Kernel;

/// <summary>The scenario table through the real kernel, and what a table cannot say.</summary>
public sealed partial class IptablesKernelTests(IptablesKernelTests.Rig rig) : IClassFixture<IptablesKernelTests.Rig>
{
    public static TheoryData<string> Names => ScenarioTable.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task TheKernelDoesWhatTheScenarioSays(string name)
    {
        await using var mode = rig.Start();
        await IptablesScenarios.RunAsync(name, mode, probe => Prober.RunAsync(rig.Network, probe));
        Assert.True(mode.IsIntact());
    }

    [Fact]
    public async Task ADifferenceLeadsToTheSameRulesAsWritingAll()
    {
        var steps = new Action<Cluster>[]
        {
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], s => s.Spec.SessionAffinity = "ClientIP"),
            c => c.Slice("s", "web", "8080", ["10.244.1.5 here", "10.244.1.6 here", "10.244.2.5"]),
            c => c.Slice("s", "web", "8080", ["10.244.1.6 here", "10.244.2.5"]),
            c => c.Service("web", "10.96.0.1", 80, s =>
            {
                s.Spec.ExternalIPs = ["198.51.100.1"];
                s.Spec.ExternalTrafficPolicy = "Local";
            }),
            c => c.Service("more", "10.96.0.2", 80).Slice("t", "more", "8080", ["10.244.1.6 here"]),
            c => c.Service("six", "fd00:10:96::1", 80, s => s.Spec.ClusterIPs = ["fd00:10:96::1"]).Slice("u", "six", "8080", ["fd00:10:244:1::5 here"]),
            c => c.Service("web", "10.96.0.1", 80, s => s.Spec.InternalTrafficPolicy = "Local"),
            c => c.Slice("u", "six", "8080", []),
            c => c.Delete("web").DeleteSlice("t"),
        };
        var cluster = new Cluster();
        await using var mode = rig.Start();
        Proxy.Planning.ForwardingPlan? previous = null;
        foreach (var step in steps)
        {
            step(cluster);
            var plan = cluster.Plan();
            mode.Apply(previous, plan);
            previous = plan;
            Assert.True(mode.IsIntact());
            var changed = await rig.SaveAsync();

            await using var fresh = rig.Start();
            fresh.Cleanup();
            fresh.Apply(null, plan);
            Assert.Equal(SavedRules.Normalize(await rig.SaveAsync()), SavedRules.Normalize(changed));
            mode.Apply(null, plan);
        }
    }

    [Fact]
    public async Task RulesOfOthersStay()
    {
        await using var mode = rig.Start();
        mode.Cleanup();
        try
        {
            await rig.RunAsync("iptables", "-t", "nat", "-N", "OTHERS");
            await rig.RunAsync("iptables", "-t", "nat", "-A", "PREROUTING", "-p", "tcp", "-m", "tcp", "--dport", "9", "-j", "OTHERS");
            await rig.RunAsync("iptables", "-P", "FORWARD", "DROP");
            await rig.RunAsync("iptables", "-A", "FORWARD", "-s", "192.0.2.0/24", "-j", "ACCEPT");
            var cluster = new Cluster().Service("web", "10.96.0.1", 80).Slice("s", "web", "8080", ["10.244.1.5 here"]);
            var plan = cluster.Plan();
            mode.Apply(null, plan);
            mode.Apply(plan, cluster.Delete("web").Plan());
            mode.Apply(null, cluster.Plan());
            var with = await rig.SaveAsync();
            mode.Cleanup();
            var without = await rig.SaveAsync();

            Assert.All(
                [":OTHERS -", ":FORWARD DROP", "-A PREROUTING -p tcp -m tcp --dport 9 -j OTHERS", "-A FORWARD -s 192.0.2.0/24 -j ACCEPT"],
                line =>
                {
                    Assert.Contains(line, with);
                    Assert.Contains(line, without);
                });
            Assert.DoesNotContain("KUBE", without);
        }
        finally
        {
            await rig.RunAsync("nft", "flush", "ruleset");
        }
    }

    [Fact]
    public async Task WhatKubeProxyLeftIsTakenOverWithoutAMomentWithoutAnswer()
    {
        await using var mode = rig.Start();
        mode.Cleanup();
        await rig.RestoreAsync(
            """
            *nat
            :KUBE-SERVICES - [0:0]
            :KUBE-MARK-MASQ - [0:0]
            :KUBE-SVC-OLDOLDOLDOLDOLD0 - [0:0]
            :KUBE-SEP-OLDOLDOLDOLDOLD0 - [0:0]
            -A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
            -A KUBE-SEP-OLDOLDOLDOLDOLD0 -p tcp -m tcp -j DNAT --to-destination 10.244.1.5:8080
            -A KUBE-SVC-OLDOLDOLDOLDOLD0 -j KUBE-SEP-OLDOLDOLDOLDOLD0
            -A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-OLDOLDOLDOLDOLD0
            -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
            -A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
            COMMIT
            """);
        var probe = Probe.Parse("pod-c tcp 10.96.0.1:80 > a");
        Assert.Equal("a", await Prober.ConnectAsync(rig.Network, probe));
        var cluster = new Cluster();
        for (var index = 2; index < 250; index++)
        {
            cluster.Service($"s{index}", $"10.96.1.{index}", 80).Slice($"s{index}", "8080", "10.244.1.6 here");
        }

        var plan = cluster.Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here").Plan();
        var writing = Task.Run(() => mode.Apply(null, plan));
        var seen = new List<string>();
        do
        {
            seen.Add(await Prober.ConnectAsync(rig.Network, probe));
        }
        while (!writing.IsCompleted);
        await writing;

        Assert.Equal(["a"], seen.Distinct());
        Assert.Equal("a", await Prober.ConnectAsync(rig.Network, probe));
        var saved = await rig.SaveAsync();
        Assert.DoesNotContain("OLDOLD", saved);
        Assert.Single(SaveJump().Matches(await rig.RunAsync("iptables-nft-save")));
    }

    [Fact]
    public async Task ARestartTakesOverWhatIsRightAndKeepsItsCounts()
    {
        var cluster = new Cluster().Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }, new() { Name = "u", Port = 80, Protocol = "SCTP" }], s =>
        {
            s.Spec.SessionAffinity = "ClientIP";
            s.Spec.ClusterIPs = ["10.96.0.1", "fd00:10:96::1"];
        });
        cluster.Slice("a", "web", "8080,u/SCTP:8080", ["10.244.1.5 here", "10.244.1.6 here", "10.244.2.5"]).Slice("b", "web", "8080", ["fd00:10:244:1::5 here"]);
        await using (var first = rig.Start())
        {
            first.Cleanup();
            first.Apply(null, cluster.Plan());
            await Prober.ConnectAsync(rig.Network, Probe.Parse("pod-c tcp 10.96.0.1:80 > a"));
        }

        var handles = await ServiceRulesAsync();
        Assert.Contains(handles, line => line.Contains("dnat to") && !line.Contains("packets 0"));
        await using var second = rig.Start();
        second.Apply(null, cluster.Plan());
        Assert.Equal(handles, await ServiceRulesAsync());

        cluster.Slice("a", "web", "8080,u/SCTP:8080", ["10.244.1.5 here", "10.244.1.6 here"]);
        second.Apply(null, cluster.Plan());
        Assert.NotEqual(handles, await ServiceRulesAsync());

        // Rules of services' chains with their handles and counters.
        async Task<string[]> ServiceRulesAsync() =>
        [
            .. (await rig.RunAsync("nft", "-a", "list", "table", "ip", "nat") + await rig.RunAsync("nft", "-a", "list", "table", "ip6", "nat"))
                .Split("\tchain ").Where(chain => chain.StartsWith("KUBE-S") && !chain.StartsWith("KUBE-SERVICES")).SelectMany(chain => chain.Split('\n')),
        ];
    }

    [Fact]
    public async Task ARefusedChangeIsNamedAndLeavesTheOldRules()
    {
        await using var mode = rig.Start();
        mode.Cleanup();
        var cluster = new Cluster().Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here").Service("more", "10.96.0.2", 80).Slice("more", "8080", "10.244.1.6 here");
        var plan = cluster.Plan();
        mode.Apply(null, plan);
        var chain = Proxy.Iptables.Rendering.ChainNames.Cluster(Proxy.Iptables.Rendering.ChainNames.ServicePortHash("ns/web", "tcp"));
        try
        {
            await rig.RunAsync("iptables", "-t", "nat", "-A", "OUTPUT", "-s", "192.0.2.1", "-j", chain);
            var next = cluster.Delete("web").Plan();
            var refused = Assert.ThrowsAny<Dataplane.Netlink.NetlinkException>(() => mode.Apply(plan, next));
            Assert.Equal(Dataplane.Linux.Errno.EBUSY, refused.Errno);
            Assert.Contains(chain, refused.Message, StringComparison.Ordinal);
            Assert.False(mode.IsIntact());
            Assert.Equal("a", await Prober.ConnectAsync(rig.Network, Probe.Parse("pod-c tcp 10.96.0.1:80 > a")));

            mode.Apply(null, next);
            Assert.True(mode.IsIntact());
            Assert.Equal("b", await Prober.ConnectAsync(rig.Network, Probe.Parse("pod-c tcp 10.96.0.2:80 > b")));
            var saved = await rig.SaveAsync();
            Assert.Contains($":{chain} -", saved);
            Assert.DoesNotContain("ns/web", saved);
        }
        finally
        {
            await rig.RunAsync("nft", "flush", "ruleset");
        }
    }

    [Fact]
    public async Task AChainThatSomebodyElseLeadsToIsEmptiedAndStays()
    {
        await using var mode = rig.Start();
        var cluster = new Cluster().Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here");
        mode.Apply(null, cluster.Plan());
        try
        {
            await rig.RunAsync("iptables", "-t", "nat", "-A", "POSTROUTING", "-s", "192.0.2.1", "-j", "KUBE-MARK-MASQ");
            mode.Cleanup();

            var saved = await rig.SaveAsync();
            Assert.Contains(":KUBE-MARK-MASQ -", saved);
            Assert.DoesNotContain("-A KUBE", saved);
            Assert.DoesNotContain("KUBE-SVC", saved);
        }
        finally
        {
            await rig.RunAsync("nft", "flush", "ruleset");
        }
    }

    [Theory]
    [InlineData("iptables", "-t", "nat", "-F")]
    [InlineData("iptables", "-t", "filter", "-F", "INPUT")]
    [InlineData("iptables", "-t", "nat", "-D", "PREROUTING", "1")]
    [InlineData("iptables", "-t", "nat", "-I", "KUBE-SERVICES", "-j", "RETURN")]
    [InlineData("ip6tables", "-t", "mangle", "-X", "KUBE-PROXY-CANARY")]
    [InlineData("nft", "flush", "ruleset")]
    public async Task WhatSomebodyBreaksIsNoticedAndWrittenAgain(string program, params string[] arguments)
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var mode = rig.Start(() => told.TrySetResult());
        var plan = new Cluster().Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here").Plan();
        mode.Apply(null, plan);
        Assert.True(mode.IsIntact());
        var whole = await rig.SaveAsync();

        await rig.RunAsync(program, arguments);
        await told.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.False(mode.IsIntact());

        mode.Apply(null, plan);
        Assert.True(mode.IsIntact());
        Assert.Equal(whole, await rig.SaveAsync());
    }

    [Fact]
    public async Task OthersMayAddRulesWithoutOursBeingWrittenAgain()
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var mode = rig.Start(() => told.TrySetResult());
        mode.Apply(null, new Cluster().Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here").Plan());

        await rig.RunAsync("iptables", "-t", "nat", "-I", "PREROUTING", "-s", "192.0.2.1", "-j", "RETURN");
        await told.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(mode.IsIntact());
        await rig.RunAsync("iptables", "-t", "nat", "-D", "PREROUTING", "1");
    }

    [Theory]
    [InlineData("pod-c tcp 10.96.0.1:80 > a", "10.96.0.1:80", "10.244.1.5:8080")]
    [InlineData("pod-c udp 10.96.0.1:80 > a", "10.96.0.1:80", "10.244.1.5:8080")]
    [InlineData("client tcp 172.30.0.11:30080 > a*", "10.96.0.1:80", "10.244.1.5:8080")]
    [InlineData("pod-a tcp [fd00:10:96::1]:80 > b", "[fd00:10:96::1]:80", "[fd00:10:244:1::6]:8080")]
    public async Task ConnectionsAreCountedAndGoOnBeingSoWhenOtherEndpointsChange(string line, string frontEnd, string endpoint)
    {
        await using var mode = rig.Start();
        mode.Cleanup();
        var cluster = new Cluster()
            .Service("web", "10.96.0.1", [new() { Name = "t", Port = 80, NodePort = 30080 }, new() { Name = "u", Port = 80, Protocol = "UDP" }], s =>
                s.Spec.ClusterIPs = ["10.96.0.1", "fd00:10:96::1"])
            .Slice("web", "t:8080,u/UDP:8080", "10.244.1.5 here").Slice("web", "t:8080", "fd00:10:244:1::6 here")
            .Service("quiet", "10.96.0.2", 80).Slice("quiet", "8080", "10.244.1.5 here");
        var plan = cluster.Plan();
        mode.Apply(null, plan);
        var probe = Probe.Parse(line);
        for (var connection = 0; connection < 5; connection++)
        {
            Assert.Equal(probe.Expected[0], await Prober.ConnectAsync(rig.Network, probe));
        }

        mode.Apply(plan, cluster.Slice("web", "t:8080,u/UDP:8080", "10.244.2.5").Plan());
        var count = Assert.Single(mode.Traffic());
        Assert.Equal((frontEnd, endpoint, 5L, null, null), ($"{count.FrontEnd}", $"{count.Endpoint}", count.Connections, count.Packets, count.Bytes));
    }

    [Fact]
    public async Task CleanupLeavesNoTable()
    {
        await using var mode = rig.Start();
        mode.Apply(null, new Cluster().Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here").Plan());
        mode.Cleanup();
        mode.Cleanup();

        Assert.Equal("", (await Tools.RunAsync(rig.Network.Node.Namespace, "nft", ["list", "tables"])).OutputOrThrow());
    }

    [GeneratedRegex(@"^-A PREROUTING .*-j KUBE-SERVICES$", RegexOptions.Multiline)]
    private static partial Regex SaveJump();

    /// <summary>One network for all tests of the class.</summary>
    public sealed class Rig : IDisposable
    {
        internal ScenarioNetwork Network { get; } = new();

        public void Dispose() => Network.Dispose();

        internal IptablesMode Start(Action? rulesTouched = null) => new(
            new ProxyModeContext(Network.Node.Namespace, 0x4000, rulesTouched ?? (() => { }), NullLoggerFactory.Instance, TimeProvider.System));

        /// <summary>Both families as iptables-save prints them, without what changes by itself.</summary>
        internal Task<string> SaveAsync() => SavedRules.ReadAsync(Network.Node.Namespace);

        internal async Task<string> RunAsync(string program, params string[] arguments) =>
            (await Tools.RunAsync(Network.Node.Namespace, program, arguments)).OutputOrThrow();

        internal async Task RestoreAsync(string rules) =>
            (await Tools.RunAsync(Network.Node.Namespace, "iptables-nft-restore", ["--noflush"], rules + "\n")).OutputOrThrow();
    }
}
