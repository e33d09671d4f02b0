using System.Net;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.ConnectionTracking;
using Dataplane.Proxy.Nftables;
using Dataplane.Proxy.Nftables.Rendering;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;
using Dataplane.Proxy.Tests.Scenarios;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Proxy.Tests.Kernel;

/// <summary>The scenario table through the real kernel, and what a table cannot say.</summary>
public sealed class NftablesKernelTests(NftablesKernelTests.Rig rig) : IClassFixture<NftablesKernelTests.Rig>
{
    public static TheoryData<string> Names => ScenarioTable.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task TheKernelDoesWhatTheScenarioSays(string name)
    {
        await using var mode = rig.Start();
        await ScenarioTable.Scenarios[name].RunAsync(mode, probe => Prober.RunAsync(rig.Network, probe));
        Assert.True(mode.IsIntact());
        await rig.ListAsync();
    }

    [Theory]
    [InlineData("pod-c tcp 10.96.0.1:80 > ?", "pod-c tcp 10.96.0.1:81 > ?")]
    [InlineData("client tcp 172.30.0.11:30080 > ?", "client tcp 172.30.0.11:30081 > ?")]
    [InlineData("pod-c udp 10.96.0.1:80 > ?", "pod-c tcp 10.96.0.1:80 > ?")]
    [InlineData("client udp 172.30.0.11:30080 > ?", "client tcp 172.30.0.11:30080 > ?")]
    [InlineData("pod-c tcp [fd00:10:96::1]:80 > ?", "pod-c tcp [fd00:10:96::1]:81 > ?")]
    [InlineData($"client udp [{Topology.NodeIPv6}]:30080 > ?", $"client tcp [{Topology.NodeIPv6}]:30080 > ?")]
    public async Task AClientKeepsItsEndpointUntilThatGoes(string line, string anotherPort)
    {
        (string A, string B) here = line.Contains('[') ? ("fd00:10:244:1::5 here", "fd00:10:244:1::6 here") : ("10.244.1.5 here", "10.244.1.6 here");
        const string Ports = "a:8080,b:8080,u/UDP:8080";
        var cluster = new Cluster().Service(
            "web",
            "10.96.0.1",
            [new() { Name = "a", Port = 80, NodePort = 30080 }, new() { Name = "b", Port = 81, NodePort = 30081 }, new() { Name = "u", Port = 80, NodePort = 30080, Protocol = "UDP" }],
            s =>
            {
                s.Spec.SessionAffinity = "ClientIP";
                s.Spec.ClusterIPs = ["10.96.0.1", "fd00:10:96::1"];
            });
        cluster.Slice("s", "web", Ports, [here.A, here.B]);
        await using var mode = rig.Start();
        var plan = cluster.Plan();
        mode.Apply(null, plan);
        var probe = Probe.Parse(line);

        var first = await Prober.ConnectAsync(rig.Network, probe);
        for (var again = 0; again < 12; again++)
        {
            Assert.Equal(first, await Prober.ConnectAsync(rig.Network, probe));
        }

        var (other, otherEndpoint) = first.StartsWith('a') ? ("b", here.B) : ("a", here.A);
        mode.Apply(plan, plan = cluster.Slice("s", "web", Ports, [otherEndpoint]).Plan());
        Assert.StartsWith(other, await Prober.ConnectAsync(rig.Network, probe));
        mode.Apply(plan, cluster.Slice("s", "web", Ports, [here.A, here.B]).Plan());
        for (var again = 0; again < 12; again++)
        {
            Assert.StartsWith(other, await Prober.ConnectAsync(rig.Network, probe));
        }

        Assert.Matches("^[ab]", await Prober.ConnectAsync(rig.Network, Probe.Parse(anotherPort)));
    }

    [Fact]
    public async Task AClientIsForgottenWhenItWasIdleForItsTimeOut()
    {
        await using var mode = rig.Start();
        mode.Apply(null, new Cluster()
            .Service("web", "10.96.0.1", 80, s =>
            {
                s.Spec.SessionAffinity = "ClientIP";
                s.Spec.SessionAffinityConfig = new() { ClientIP = new() { TimeoutSeconds = 1 } };
            })
            .Slice("web", "8080", "10.244.1.5 here", "10.244.1.6 here").Plan());
        var probe = Probe.Parse("pod-c tcp 10.96.0.1:80 > ?");
        var first = await Prober.ConnectAsync(rig.Network, probe);

        // The clock is the kernel's. Each time it is even chances that the client is given another endpoint.
        for (var attempt = 0; attempt < 30; attempt++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1.2));
            if (await Prober.ConnectAsync(rig.Network, probe, mayBeLost: true) is var next && next != first)
            {
                Assert.Contains(next, new[] { "a", "b" });
                return;
            }
        }

        Assert.Fail($"after 30 pauses still {first}");
    }

    [Theory]
    [InlineData("pod-c tcp 10.96.0.1:80 > a", "affinity")]
    [InlineData("client udp 172.30.0.11:30080 > a*", "nodeport-affinity")]
    [InlineData("pod-c tcp [fd00:10:96::1]:80 > a", "affinity")]
    public async Task EveryConnectionRenewsTheTimeOut(string line, string map)
    {
        await using var mode = rig.Start();
        mode.Cleanup();
        mode.Apply(null, new Cluster()
            .Service("web", "10.96.0.1", [new() { Name = "t", Port = 80 }, new() { Name = "u", Port = 80, NodePort = 30080, Protocol = "UDP" }], s =>
            {
                s.Spec.SessionAffinity = "ClientIP";
                s.Spec.ClusterIPs = ["10.96.0.1", "fd00:10:96::1"];
            })
            .Slice("web", "t:8080,u/UDP:8080", "10.244.1.5 here").Slice("web", "t:8080", "fd00:10:244:1::5 here").Plan());
        var probe = Probe.Parse(line);
        using var connection = NftablesConnection.Open(rig.Network.Node.Namespace);
        var family = probe.IsIPv6 ? NftFamily.Ip6 : NftFamily.Ip;
        Assert.Equal(probe.Expected[0], await Prober.ConnectAsync(rig.Network, probe));
        var left = Left();
        Assert.True(SpinWait.SpinUntil(() => Left() < left - TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(60)));

        // Renewed it is ahead of this by the two seconds, less what the machine takes to look again.
        left = Left();
        Assert.Equal(probe.Expected[0], await Prober.ConnectAsync(rig.Network, probe));
        Assert.True(Left() > left);

        TimeSpan Left() => Assert.NotNull(Assert.Single(connection.Elements(connection.Tables(family)[0].Table, map)).Expiration);
    }

    [Fact]
    public async Task AClientThereIsNoRoomForIsServedAllTheSame()
    {
        await using var mode = rig.Start();
        mode.Cleanup();
        mode.Apply(null, new Cluster().Service("web", "10.96.0.1", 80, s => s.Spec.SessionAffinity = "ClientIP")
            .Slice("web", "8080", "10.244.1.5 here", "10.244.1.6 here").Plan());
        using var connection = NftablesConnection.Open(rig.Network.Node.Namespace);
        var table = connection.Tables(NftFamily.Ip)[0].Table;
        var frontEnd = Elements.FrontEnd(FrontEnd.At(IPAddress.Parse("10.96.0.1"), TransportProtocol.Tcp, 80));
        // In pieces, between which the kernel's hash table grows.
        foreach (var clients in Enumerable.Range(0, SetSizes.MostClients).Chunk(8192))
        {
            var batch = new NftBatch();
            batch.AddElements(
                table, "affinity", [.. clients.Select(client => new NftElement(NftValue.Concat(NftValue.U32((uint)client), frontEnd), NftValue.U32(0)))]);
            connection.Commit(batch);
        }

        var probe = Probe.Parse("pod-c tcp 10.96.0.1:80 > a b");
        probe.AssertSeen(await Prober.RunAsync(rig.Network, probe));
        Assert.Equal(SetSizes.MostClients, connection.CountElements(table, "affinity"));
    }

    /// <summary>An endpoint's number is in the packet's priority until the packet leaves or arrives: no queue sees it.</summary>
    [Theory]
    [InlineData("client tcp 10.96.0.1:80 > a*")]
    [InlineData("node tcp 10.96.0.1:80 > a*")]
    [InlineData("node udp 10.96.0.1:80 > a*")]
    [InlineData("client tcp [fd00:10:96::1]:80 > a*")]
    [InlineData("client tcp 10.96.0.2:80 > h")]
    [InlineData("node tcp 10.96.0.2:80 > h*")]
    public async Task ThePrioritysUseIsOverWhenThePacketLeaves(string line)
    {
        await using var mode = rig.Start();
        mode.Apply(null, new Cluster()
            .Service("web", "10.96.0.1", [new() { Name = "t", Port = 80 }, new() { Name = "u", Port = 80, Protocol = "UDP" }], s =>
            {
                s.Spec.SessionAffinity = "ClientIP";
                s.Spec.ClusterIPs = ["10.96.0.1", "fd00:10:96::1"];
            })
            .Slice("web", "t:8080,u/UDP:8080", "10.244.1.5 here").Slice("web", "t:8080", "fd00:10:244:1::5 here")
            .Service("host", "10.96.0.2", 80, s => s.Spec.SessionAffinity = "ClientIP").Slice("host", "9000", "172.30.0.11 here").Plan());
        const string Look = """
            table inet dp-look {
                chain before { type filter hook prerouting priority -90; meta priority & 8000:0 != none counter; }
                chain own { type filter hook output priority -90; meta priority & 8000:0 != none counter; }
                chain leaves { type filter hook postrouting priority 110; meta priority & 8000:0 != none counter; }
                chain arrives { type filter hook input priority 110; meta priority & 8000:0 != none counter; }
            }
            """;
        (await Tools.RunAsync(rig.Network.Node.Namespace, "nft", ["-f", "-"], Look)).OutputOrThrow();
        try
        {
            var probe = Probe.Parse(line);
            Assert.Equal(probe.Expected[0], await Prober.ConnectAsync(rig.Network, probe));
            Assert.Equal(probe.Expected[0], await Prober.ConnectAsync(rig.Network, probe));

            var counted = (await Tools.RunAsync(rig.Network.Node.Namespace, "nft", ["list", "table", "inet", "dp-look"])).OutputOrThrow();
            Assert.Single(System.Text.RegularExpressions.Regex.Matches(counted, "counter packets 2 "));
            Assert.Equal(3, System.Text.RegularExpressions.Regex.Count(counted, "counter packets 0 "));
        }
        finally
        {
            (await Tools.RunAsync(rig.Network.Node.Namespace, "nft", ["delete", "table", "inet", "dp-look"])).OutputOrThrow();
        }
    }

    [Theory]
    [InlineData("pod-c tcp 10.96.0.1:80 > a", "TCP 10.96.0.1:80")]
    [InlineData("client udp 172.30.0.11:30080 > a*", "UDP node:30080")]
    [InlineData("pod-c tcp [fd00:10:96::1]:80 > a", "TCP [fd00:10:96::1]:80")]
    public async Task WhatClientsAreConnectedToIsKnownWithoutAnyRule(string line, string frontEnd)
    {
        await using var mode = rig.Start();
        mode.Apply(null, new Cluster()
            .Service("web", "10.96.0.1", [new() { Name = "t", Port = 80 }, new() { Name = "u", Port = 80, NodePort = 30080, Protocol = "UDP" }], s =>
                s.Spec.ClusterIPs = ["10.96.0.1", "fd00:10:96::1"])
            .Slice("web", "t:8080,u/UDP:8080", "10.244.1.5 here").Slice("web", "t:8080", "fd00:10:244:1::5 here").Plan());
        var probe = Probe.Parse(line);
        Assert.Equal(probe.Expected[0], await Prober.ConnectAsync(rig.Network, probe));

        mode.Cleanup();
        Assert.Contains(FrontEndsInUse.List(rig.Network.Node.Namespace), known => known.ToString() == frontEnd);
    }

    [Fact]
    public async Task WhatSomebodyFlushesIsNoticedAndWrittenAgain()
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var mode = rig.Start(() => told.TrySetResult());
        var plan = new Cluster().Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here").Plan();
        mode.Apply(null, plan);
        Assert.True(mode.IsIntact());

        var tables = (await Tools.RunAsync(rig.Network.Node.Namespace, "nft", ["list", "tables", "ip"])).OutputOrThrow();
        (await Tools.RunAsync(rig.Network.Node.Namespace, "nft", ["flush", "map", "ip", tables.Trim().Split(' ')[^1], "services"])).OutputOrThrow();
        await told.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.False(mode.IsIntact());

        mode.Apply(null, plan);
        Assert.Equal("a", await Prober.ConnectAsync(rig.Network, Probe.Parse("pod-c tcp 10.96.0.1:80 > a")));
    }

    /// <summary>An address that answers stands for what a default route may lead to.</summary>
    [Theory]
    [InlineData("pod-c tcp 10.244.1.6:8080")]
    [InlineData("pod-c udp 10.244.1.6:8080")]
    [InlineData("node tcp 10.244.1.6:8080")]
    [InlineData("pod-c tcp [fd00:10:244:1::6]:8080")]
    public async Task AServiceRangesAddressesOfNobodyAreDropped(string line)
    {
        await using var mode = rig.Start();
        var plan = new Cluster().Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here").Plan();
        mode.Apply(null, plan);
        Assert.StartsWith("b", await Prober.ConnectAsync(rig.Network, Probe.Parse($"{line} > b")), StringComparison.Ordinal);

        mode.Apply(plan, plan with { ServiceRanges = [IPNetwork.Parse("10.96.0.0/12"), IPNetwork.Parse("10.244.1.6/32"), IPNetwork.Parse("fd00:10:244:1::6/128")] });
        Assert.Equal("drop", await Prober.ConnectAsync(rig.Network, Probe.Parse($"{line} > drop")));
        Assert.Equal("a", await Prober.ConnectAsync(rig.Network, Probe.Parse("pod-c tcp 10.96.0.1:80 > a")));
        Assert.True(mode.IsIntact());
    }

    [Theory]
    [InlineData("pod-c tcp 10.96.0.1:80 > a", "10.96.0.1:80", "10.244.1.5:8080")]
    [InlineData("pod-c udp 10.96.0.1:80 > a", "10.96.0.1:80", "10.244.1.5:8080")]
    [InlineData("client tcp 172.30.0.11:30080 > a*", "172.30.0.11:30080", "10.244.1.5:8080")]
    [InlineData("node tcp 10.96.0.2:80 > h*", "10.96.0.2:80", "172.30.0.11:9000")]
    [InlineData("pod-a tcp [fd00:10:96::1]:80 > b", "[fd00:10:96::1]:80", "[fd00:10:244:1::6]:8080")]
    public async Task ConnectionsPacketsAndBytesAreCounted(string line, string frontEnd, string endpoint)
    {
        await using var mode = rig.Start();
        mode.Apply(null, new Cluster()
            .Service("web", "10.96.0.1", [new() { Name = "t", Port = 80, NodePort = 30080 }, new() { Name = "u", Port = 80, Protocol = "UDP" }], s =>
                s.Spec.ClusterIPs = ["10.96.0.1", "fd00:10:96::1"])
            .Slice("web", "t:8080,u/UDP:8080", "10.244.1.5 here").Slice("web", "t:8080", "fd00:10:244:1::6 here")
            .Service("host", "10.96.0.2", 80).Slice("host", "9000", "172.30.0.11 here").Plan());
        var probe = Probe.Parse(line);
        for (var connection = 0; connection < 5; connection++)
        {
            Assert.Equal(probe.Expected[0], await Prober.ConnectAsync(rig.Network, probe));
        }

        var count = Assert.Single(mode.Traffic(), count => count.FrontEnd.ToString() == frontEnd && count.Endpoint.ToString() == endpoint);
        Assert.Equal(5, count.Connections);
        // UDP: a packet each way, each of at least an IP header, a UDP header and a byte.
        Assert.True(count.Packets >= 10 && count.Bytes >= count.Packets * 29, count.ToString());
    }

    /// <summary>Whatever a front end can have at once, in both families; what other programs do with libnftables fails with nft's listing.</summary>
    [Fact]
    public async Task NftShowsTheRules()
    {
        await using var mode = rig.Start();
        var cluster = new Cluster();
        cluster.Options = cluster.Options with { LocalhostNodePorts = true };
        mode.Apply(null, cluster.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }, new() { Name = "u", Port = 80, NodePort = 30081, Protocol = "UDP" }], s =>
            {
                s.Spec.Type = "LoadBalancer";
                s.Spec.SessionAffinity = "ClientIP";
                s.Spec.ExternalTrafficPolicy = "Local";
                s.Spec.ExternalIPs = ["198.51.100.1"];
                s.Spec.LoadBalancerSourceRanges = ["203.0.113.0/24"];
                s.Spec.ClusterIPs = ["10.96.0.1", "fd00:10:96::1"];
                s.Status.LoadBalancer.Ingress = [new() { IP = "198.51.100.2" }];
            })
            .Slice("web", ":8080,u/UDP:8080", "10.244.1.5 here", "10.244.1.6 here", "10.244.2.5")
            .Slice("web", ":8080,u/UDP:8080", "fd00:10:244:1::5 here", "fd00:10:244:2::5")
            .Service("plain", "10.96.0.2", [new() { Port = 80, NodePort = 30082 }]).Slice("plain", "8080", "10.244.1.5 here").Service("none", "10.96.0.3", 80).Plan());
        string[] probes =
        [
            "client tcp 172.30.0.11:30080 > a|b", "client udp 172.30.0.11:30081 > a|b", "pod-b tcp 10.96.0.1:80 > a|b*|c", "pod-b udp 10.96.0.1:80 > a|b*|c",
            "pod-b tcp [fd00:10:96::1]:80 > a|c", $"client udp [{Topology.NodeIPv6}]:30081 > a", "client tcp 172.30.0.11:30082 > a*",
        ];
        foreach (var probe in probes.Select(Probe.Parse))
        {
            probe.AssertSeen(await Prober.RunAsync(rig.Network, probe));
        }

        var listed = await rig.ListAsync();
        Assert.Contains("update @connections", listed, StringComparison.Ordinal);
        Assert.Contains("update @affinity", listed, StringComparison.Ordinal);
        Assert.Contains("update @nodeport-affinity", listed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CleanupLeavesNoTable()
    {
        await using var mode = rig.Start();
        mode.Apply(null, new Cluster().Service("web", "10.96.0.1", 80).Plan());
        mode.Cleanup();
        mode.Cleanup();

        Assert.Equal("", (await Tools.RunAsync(rig.Network.Node.Namespace, "nft", ["list", "tables"])).OutputOrThrow());
    }

    /// <summary>One network for all tests of the class.</summary>
    public sealed class Rig : IDisposable
    {
        internal ScenarioNetwork Network { get; } = new();

        public void Dispose() => Network.Dispose();

        /// <summary>What nft shows of the node; it must be able to, in its own words and in JSON.</summary>
        internal async Task<string> ListAsync()
        {
            var json = (await Tools.RunAsync(Network.Node.Namespace, "nft", ["-j", "list", "ruleset"])).OutputOrThrow();
            using (System.Text.Json.JsonDocument.Parse(json))
            {
                return (await Tools.RunAsync(Network.Node.Namespace, "nft", ["list", "ruleset"])).OutputOrThrow();
            }
        }

        internal IProxyMode Start(Action? rulesTouched = null) => new NftablesMode(
            new ProxyModeContext(Network.Node.Namespace, 0x4000, rulesTouched ?? (() => { }), NullLoggerFactory.Instance, TimeProvider.System));
    }
}
