using Dataplane.Netlink;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Tests.Scenarios;
using Dataplane.TestKit;

namespace Dataplane.Proxy.Tests.Kernel;

/// <summary>One table takes over from another: at a start, after damage, after a refusal, when it is too small.</summary>
public sealed class TableHandoverTests(NftablesKernelTests.Rig rig) : IClassFixture<NftablesKernelTests.Rig>
{
    [Fact]
    public async Task ARestartHasNoGapAndKeepsConnectionsAndClients()
    {
        var cluster = new Cluster().Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here", "10.244.1.6 here")
            .Service("sticky", "10.96.0.2", 80, s => s.Spec.SessionAffinity = "ClientIP").Slice("sticky", "8080", "10.244.1.5 here", "10.244.1.6 here");
        foreach (var index in Enumerable.Range(1, 600))
        {
            cluster.Service($"s{index}", $"10.97.{index / 250}.{index % 250}", 80).Slice($"s{index}", "8080", "10.244.2.5", "10.244.2.6", "10.244.2.7");
        }

        var plan = cluster.Plan();
        await using (var earlier = rig.Start())
        {
            earlier.Apply(null, plan);
        }

        var sticky = Probe.Parse("pod-c tcp 10.96.0.2:80 > ?");
        var remembered = await Prober.ConnectAsync(rig.Network, sticky);
        var busy = await Prober.ConnectAsync(rig.Network, Probe.Parse("client tcp 10.96.0.2:80 > a* b*"));
        using var done = new CancellationTokenSource();
        var outcomes = ConnectUntilAsync("pod-c tcp 10.96.0.1:80 > a b", done.Token);
        var stuck = ConnectUntilAsync("client tcp 10.96.0.2:80 > a* b*", done.Token);
        for (var restart = 0; restart < 3; restart++)
        {
            await using var mode = rig.Start();
            mode.Apply(null, plan);
            Assert.True(mode.IsIntact());
            Assert.Equal(2, Tables().Length);
        }

        await done.CancelAsync();
        Assert.Subset(new HashSet<string> { "a", "b" }, await outcomes);
        Assert.Equal([busy], await stuck);
        for (var again = 0; again < 12; again++)
        {
            Assert.Equal(remembered, await Prober.ConnectAsync(rig.Network, sticky));
        }
    }

    [Fact]
    public async Task ARestartForgetsWhoseEndpointWent()
    {
        var cluster = new Cluster().Service("sticky", "10.96.0.2", 80, s => s.Spec.SessionAffinity = "ClientIP")
            .Slice("s", "sticky", "8080", ["10.244.1.5 here"]);
        await using var mode = rig.Start();
        var plan = cluster.Plan();
        mode.Apply(null, plan);
        Assert.Equal("a", await Prober.ConnectAsync(rig.Network, Probe.Parse("pod-c tcp 10.96.0.2:80 > a")));
        mode.Apply(plan, plan = cluster.Slice("s", "sticky", "8080", ["10.244.1.6 here"]).Plan());
        Assert.Equal("b*", await Prober.ConnectAsync(rig.Network, Probe.Parse("client tcp 10.96.0.2:80 > b*")));
        Assert.Equal(2, Clients());

        mode.Apply(null, plan);
        Assert.Equal(1, Clients());
        Assert.Equal("b*", await Prober.ConnectAsync(rig.Network, Probe.Parse("client tcp 10.96.0.2:80 > b*")));
        Assert.Equal(1, Clients());

        int Clients()
        {
            using var connection = NftablesConnection.Open(rig.Network.Node.Namespace);
            return connection.CountElements(connection.Tables(NftFamily.Ip)[0].Table, "affinity");
        }
    }

    [Theory]
    [InlineData("Cluster", "pod-c tcp 10.96.0.1:80 > a b", "a", "b")]
    [InlineData("Cluster", "client tcp 172.30.0.11:30080 > a* b*", "a*", "b*")]
    [InlineData("Local", "client tcp 172.30.0.11:30080 > a b", "a", "b")]
    public async Task ARollingUpdateRefusesNobody(string policy, string line, params string[] served)
    {
        var cluster = new Cluster().Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], s => s.Spec.ExternalTrafficPolicy = policy);
        cluster.Slice("s", "web", "8080", ["10.244.1.5 here"]);
        await using var mode = rig.Start();
        var plan = cluster.Plan();
        mode.Apply(null, plan);
        using var done = new CancellationTokenSource();
        var outcomes = ConnectUntilAsync(line, done.Token);
        var (old, young) = ("10.244.1.5 here", "10.244.1.6 here");
        for (var update = 0; update < 10; update++)
        {
            foreach (var endpoints in new string[][] { [old, young + " unready"], [old, young], [old + " terminating serving", young], [old + " terminating", young], [young] })
            {
                var next = cluster.Slice("s", "web", "8080", endpoints).Plan();
                mode.Apply(plan, next);
                plan = next;
                Assert.Contains(await Prober.ConnectAsync(rig.Network, Probe.Parse(line)), served);
            }

            (old, young) = (young, old);
        }

        await done.CancelAsync();
        Assert.Subset(served.ToHashSet(), await outcomes);
    }

    [Fact]
    public async Task ARefusedChangeIsNamedAndLeavesTheOldRules()
    {
        var cluster = new Cluster().Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here");
        await using var mode = rig.Start();
        var plan = cluster.Plan();
        mode.Apply(null, plan);
        var table = Tables()[0].Split(' ')[^1];
        (await Tools.RunAsync(rig.Network.Node.Namespace, "nft", ["add", "element", "ip", table, "services", "{ 10.96.0.2 . tcp . 80 : drop }"])).OutputOrThrow();

        var next = cluster.Service("more", "10.96.0.2", 80).Slice("more", "8080", "10.244.1.6 here").Plan();
        var refused = Assert.ThrowsAny<NetlinkException>(() => mode.Apply(plan, next));
        Assert.Contains($"ip {table} services", refused.Message, StringComparison.Ordinal);
        Assert.Equal("a", await Prober.ConnectAsync(rig.Network, Probe.Parse("pod-c tcp 10.96.0.1:80 > a")));

        mode.Apply(null, next);
        Assert.Equal("b", await Prober.ConnectAsync(rig.Network, Probe.Parse("pod-c tcp 10.96.0.2:80 > b")));
        Assert.Equal(2, Tables().Length);
    }

    [Fact]
    public async Task AClusterThatOutgrowsItsTableGetsALargerOne()
    {
        var cluster = new Cluster().Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here");
        await using var mode = rig.Start();
        var plan = cluster.Plan();
        mode.Apply(null, plan);
        var before = Tables();
        foreach (var index in Enumerable.Range(1, 1100))
        {
            cluster.Service($"s{index}", $"10.97.{index / 250}.{index % 250}", 80);
        }

        var next = cluster.Plan();
        mode.Apply(plan, next);
        Assert.NotEqual(before, Tables());
        Assert.Equal("a", await Prober.ConnectAsync(rig.Network, Probe.Parse("pod-c tcp 10.96.0.1:80 > a")));
        Assert.Equal("reject", await Prober.ConnectAsync(rig.Network, Probe.Parse("pod-c tcp 10.97.4.1:80 > reject")));
        mode.Apply(next, cluster.Service("one-more", "10.98.0.1", 80).Plan());
        Assert.True(mode.IsIntact());
    }

    private Task<HashSet<string>> ConnectUntilAsync(string line, CancellationToken done) => Task.Run(
        async () =>
        {
            var seen = new HashSet<string>();
            while (!done.IsCancellationRequested)
            {
                seen.Add(await Prober.ConnectAsync(rig.Network, Probe.Parse(line)));
            }

            return seen;
        },
        CancellationToken.None);

    private string[] Tables()
    {
        using var connection = NftablesConnection.Open(rig.Network.Node.Namespace);
        return [.. connection.Tables().Select(table => table.Table.ToString())];
    }
}
