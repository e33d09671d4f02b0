using System.Net;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Nftables.Rendering;
using Dataplane.Proxy.Nftables.Rules;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.Tests.Scenarios;

namespace Dataplane.Proxy.Tests.Nftables;

public class TracerTests
{
    private const uint Mark = 0x4000;

    public static TheoryData<string> Names => ScenarioTable.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task RenderedRulesDoWhatTheScenarioSays(string name)
    {
        await using var kernel = new Kernel();
        await ScenarioTable.Scenarios[name].RunAsync(kernel, probe => Task.FromResult<IReadOnlyCollection<string>>(kernel.Trace(probe)));
    }

    [Fact]
    public void ADifferenceLeadsToTheSameTablesAsRenderingAll()
    {
        var steps = new Action<Cluster>[]
        {
            c => c.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], s => s.Spec.SessionAffinity = "ClientIP"),
            c => c.Slice("s", "web", "8080", ["10.244.1.5 here", "10.244.1.6 here", "10.244.2.5"]),
            c => c.Slice("s", "web", "8080", ["10.244.1.6 here", "10.244.2.5"]),
            c => c.Service("web", "10.96.0.1", 80, s => s.Spec.ExternalIPs = ["198.51.100.1"]),
            c => c.Service("more", "10.96.0.2", 80).Slice("t", "more", "8080", ["10.244.1.6 here"]),
            c => c.Service("web", "10.96.0.1", 80, s => s.Spec.InternalTrafficPolicy = "Local"),
            c => c.Delete("web").DeleteSlice("t"),
        };
        var cluster = new Cluster();
        var kernel = new Kernel();
        foreach (var step in steps)
        {
            step(cluster);
            var plan = cluster.Plan();
            kernel.Apply(plan);

            var fresh = new Kernel();
            fresh.Apply(plan);
            foreach (var (set, elements) in fresh.Ip.Elements)
            {
                Assert.Equal(Shape(fresh.Ip, set, elements), Shape(kernel.Ip, set, kernel.Ip.Elements[set]));
            }
        }

        // Slots and numbers may be dealt in another order, so an endpoint's element is compared by its front end and target.
        static IEnumerable<string> Shape(TracedTable table, string set, Dictionary<NftValue, NftElement> elements) =>
            elements.Values.Select(element => element.Data is { } data ? $"{element.Key.ToString()[..^8]} {Target(table, set, element, data)}" : $"{element.Key} {element.Verdict}").Order();

        static NftValue Target(TracedTable table, string set, NftElement element, NftValue data) => set.EndsWith("affine-slots", StringComparison.Ordinal)
            ? table.Elements[set.Replace("slots", "endpoints")][NftValue.Concat(NftValue.Of(element.Key.Bytes[..^4]), data)].Data!.Value
            : data;
    }

    [Fact]
    public void OneEndpointMoreIsAHandfulOfElements()
    {
        var cluster = new Cluster();
        foreach (var index in Enumerable.Range(1, 50))
        {
            cluster.Service($"s{index}", $"10.96.1.{index}", 80).Slice($"e{index}", $"s{index}", "8080", ["10.244.2.5", "10.244.2.6"]);
        }

        var kernel = new Kernel();
        kernel.Apply(cluster.Plan());
        cluster.Slice("e7", "s7", "8080", ["10.244.2.4", "10.244.2.5", "10.244.2.6"]);
        var change = kernel.Apply(cluster.Plan());

        Assert.Equal(1, change.Ip.Removed.Values.Sum(elements => elements.Count));
        Assert.Equal(2, change.Ip.Added.Values.Sum(elements => elements.Count));
        Assert.True(change.Ip6.IsEmpty);
    }

    [Theory]
    [InlineData("pod-c tcp 10.96.0.1:80", "a")]
    [InlineData("node tcp 10.96.0.1:80", "a")]
    [InlineData("pod-c tcp 10.96.0.1:81", "reject")]
    [InlineData("pod-c tcp 10.96.7.7:80", "drop")]
    [InlineData("node udp 10.96.7.7:53", "drop")]
    [InlineData("pod-c tcp 10.112.0.1:80", "closed")]
    public void AClusterIPOfNobodyIsDropped(string probe, string expected)
    {
        var kernel = new Kernel();
        kernel.Apply(new Cluster().Service("web", "10.96.0.1", 80).Slice("web", "8080", "10.244.1.5 here").Plan() with
        {
            ServiceRanges = [IPNetwork.Parse("10.96.0.0/12"), IPNetwork.Parse("fd00:10:96::/112")],
        });

        Assert.Equal([expected], new PacketTracer(kernel.Ip).Trace(Probe.Parse($"{probe} > ?")).Select(end => end.TrimEnd('*')));
    }

    [Fact]
    public void AClientKeepsItsEndpointUntilThatGoes()
    {
        var cluster = new Cluster().Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], s => s.Spec.SessionAffinity = "ClientIP");
        cluster.Slice("s", "web", "8080", ["10.244.1.5 here", "10.244.1.6 here"]);
        var kernel = new Kernel();
        kernel.Apply(cluster.Plan());
        var probe = Probe.Parse("pod-c tcp 10.96.0.1:80 > a");
        var tracer = new PacketTracer(kernel.Ip);

        Assert.Equal("a", tracer.Trace(probe, 0));
        Assert.Equal("a", tracer.Trace(probe, 1));
        Assert.Equal("b*", tracer.Trace(Probe.Parse("client tcp 172.30.0.11:30080 > b*"), 1));
        Assert.Equal("b*", tracer.Trace(Probe.Parse("client tcp 172.30.0.11:30080 > b*"), 0));

        kernel.Apply(cluster.Slice("s", "web", "8080", ["10.244.1.6 here"]).Plan());
        Assert.Equal("b", tracer.Trace(probe, 0));
        kernel.Apply(cluster.Slice("s", "web", "8080", ["10.244.1.5 here", "10.244.1.6 here"]).Plan());
        Assert.Equal("b", tracer.Trace(probe, 0));
        Assert.Equal("b", tracer.Trace(probe, 1));
    }

    [Fact]
    public void WhoComesBackFindsTheEndpointItHadOrAnyButNeverOneThatWent()
    {
        var cluster = new Cluster();
        var kernel = new Kernel();
        var tracer = new PacketTracer(kernel.Ip);
        var random = new Random(1);
        string[] names = ["10.244.1.5 here", "10.244.1.6 here", "10.244.2.5"];
        string[] probes =
        [
            "client tcp 10.96.0.1:80 > ?", "pod-c tcp 10.96.0.1:80 > ?", "pod-c udp 10.96.0.1:80 > ?", "client tcp 172.30.0.11:30080 > ?", "there udp 172.30.0.11:30080 > ?",
        ];
        var had = new Dictionary<string, string>();
        for (var step = 0; step < 500; step++)
        {
            var (affine, endpoints) = (random.Next(8) > 0, names.Where(_ => random.Next(3) > 0).ToArray());
            cluster.Service("web", "10.96.0.1", [new() { Name = "t", Port = 80, NodePort = 30080 }, new() { Name = "u", Port = 80, NodePort = 30080, Protocol = "UDP" }], s =>
                s.Spec.SessionAffinity = affine ? "ClientIP" : "None");
            kernel.Apply(cluster.Slice("s", "web", "t:8080,u/UDP:8080", endpoints).Plan());

            // Who does not come while its endpoint is away has lost it all the same.
            var present = endpoints.Select(endpoint => Topology.Endpoints[endpoint.Split(' ')[0] + ":8080"]).ToHashSet();
            foreach (var (probe, _) in had.Where(pair => !affine || !present.Contains(pair.Value)).ToList())
            {
                had.Remove(probe);
            }

            foreach (var probe in probes.Where(_ => random.Next(2) > 0))
            {
                var number = (uint)random.Next(6);
                var seen = tracer.Trace(Probe.Parse(probe), number).TrimEnd('*');
                Assert.True(endpoints.Length == 0 ? seen == "reject" : present.Contains(seen), $"step {step}: {probe} went to {seen}");
                if (affine && endpoints.Length > 0)
                {
                    Assert.Equal(had.GetValueOrDefault(probe, seen), seen);
                    had[probe] = seen;
                }
            }
        }
    }

    /// <summary>An endpoint that was away, and affinity that was switched off. The random number is one that leads to the other endpoint.</summary>
    [Theory]
    [InlineData("ClientIP", "10.244.1.6 here", 0u)]
    [InlineData("None", "10.244.1.5 here,10.244.1.6 here", 1u)]
    public void WhatWasRememberedBeforeIsNotUsedAgain(string meanwhile, string endpoints, uint random)
    {
        string[] both = ["10.244.1.5 here", "10.244.1.6 here"];
        var cluster = new Cluster();
        var kernel = new Kernel();
        var tracer = new PacketTracer(kernel.Ip);
        Apply("ClientIP", both);
        Assert.Equal("a", tracer.Trace(Probe.Parse("pod-c tcp 10.96.0.1:80 > a"), 0));
        Assert.Equal("a", tracer.Trace(Probe.Parse("pod-c tcp 10.96.0.1:80 > a"), 1));

        Apply(meanwhile, endpoints.Split(','));
        Apply("ClientIP", both);
        Assert.Equal("b", tracer.Trace(Probe.Parse("pod-c tcp 10.96.0.1:80 > b"), random));

        void Apply(string affinity, string[] addresses) =>
            kernel.Apply(cluster.Service("web", "10.96.0.1", 80, s => s.Spec.SessionAffinity = affinity).Slice("s", "web", "8080", addresses).Plan());
    }

    /// <summary>Takes plans as the mode would, and holds the tables they lead to.</summary>
    private sealed class Kernel : IProxyMode
    {
        private RulesetRenderer? _renderer;
        private ForwardingPlan? _plan;

        public string Name => "tracer";

        internal TracedTable Ip { get; } = new(NftFamily.Ip);

        internal TracedTable Ip6 { get; } = new(NftFamily.Ip6);

        public void Apply(ForwardingPlan? previous, ForwardingPlan next)
        {
            Assert.Same(_plan, previous);
            Apply(next);
        }

        public void Cleanup()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        internal RulesetChange Apply(ForwardingPlan plan)
        {
            if (_renderer is null)
            {
                (_renderer, var skeleton) = RulesetRenderer.Start(plan, Mark);
                Commit(skeleton);
            }

            var change = Commit(_renderer.Render(plan.ChangesSince(_plan ?? ForwardingPlan.Empty)));
            _plan = plan;
            return change;
        }

        private RulesetChange Commit(RulesetChange change)
        {
            Ip.Commit(change.Ip);
            Ip6.Commit(change.Ip6);
            return change;
        }

        internal string[] Trace(Probe probe) => new PacketTracer(probe.IsIPv6 ? Ip6 : Ip).Trace(probe);
    }
}
