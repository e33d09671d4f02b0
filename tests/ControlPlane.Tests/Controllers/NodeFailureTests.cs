using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Nodes;
using Dataplane.TestKit;

namespace Dataplane.ControlPlane.Tests.Controllers;

/// <summary>A kubelet that falls silent, on a clock that the test moves.</summary>
public sealed class NodeFailureTests
{
    private readonly ManualTime _time = new(TimeProvider.System.GetUtcNow());

    [Fact]
    public async Task Pods_of_a_silent_node_leave_service_and_then_the_node()
    {
        await using var cluster = await TestCluster.StartAsync(nodes: 1, time: _time);
        var started = _time.GetUtcNow();
        await RunningPodAsync(cluster, "usual");
        await RunningPodAsync(cluster, "hasty", new Toleration { Key = "node.kubernetes.io/unreachable", Operator = "Exists", Effect = "NoExecute", TolerationSeconds = 10 });
        await RunningPodAsync(cluster, "faithful", new Toleration { Operator = "Exists" });

        await PassAsync<Node>(cluster, TimeSpan.FromSeconds(1), nodes => Ready(nodes[0])?.Status == "Unknown");

        var node = await cluster.Client.GetAsync<Node>("", "node-1", cluster.Cancellation);
        Assert.True(Ready(node)!.LastTransitionTime >= started.AddSeconds(49), $"unknown already at {Ready(node)!.LastTransitionTime - started}");
        Assert.Equal("NodeStatusUnknown", Ready(node)!.Reason);
        await cluster.UntilAsync<Node>("taints", nodes => nodes[0].Spec.Taints.Count == 2);
        await cluster.UntilAsync<Pod>("out of service", pods => pods.TrueForAll(pod => pod.Status.Conditions.Exists(condition => condition is { Type: "Ready", Status: "False" })));

        await PassAsync<Pod>(cluster, TimeSpan.FromSeconds(1), pods => Deleted(pods) is ["hasty"]);
        await PassAsync<Pod>(cluster, TimeSpan.FromSeconds(5), pods => Deleted(pods) is ["hasty", "usual"]);
        var usual = await cluster.Client.GetAsync<Pod>("default", "usual", cluster.Cancellation);
        var seen = node.Spec.Taints.Find(taint => taint.Effect == "NoExecute")?.TimeAdded ?? Ready(node)!.LastTransitionTime!.Value;
        Assert.True(usual.Metadata.DeletionTimestamp >= seen.AddSeconds(299), $"gone already after {usual.Metadata.DeletionTimestamp - seen}");
        Assert.Contains(usual.Status.Conditions, condition => condition is { Type: "DisruptionTarget", Status: "True", Reason: "DeletionByTaintManager" });
        await cluster.UntilAsync<Event>("events", events => events.Exists(item => item is { Reason: "TaintManagerEviction", Message: "Marking for deletion Pod default/usual" }));
        Assert.DoesNotContain("faithful", Deleted(await cluster.ListAsync<Pod>()));
    }

    [Fact]
    public async Task A_kubelet_that_comes_back_keeps_its_pods()
    {
        await using var cluster = await TestCluster.StartAsync(nodes: 1, time: _time);
        await RunningPodAsync(cluster, "usual");
        await RunningPodAsync(cluster, "hasty", new Toleration { Key = "node.kubernetes.io/unreachable", Operator = "Exists", Effect = "NoExecute", TolerationSeconds = 10 });
        await PassAsync<Pod>(cluster, TimeSpan.FromSeconds(1), pods => Deleted(pods) is ["hasty"]);

        var node = await cluster.Client.GetAsync<Node>("", "node-1", cluster.Cancellation);
        Ready(node)!.Status = "True";
        Ready(node)!.LastHeartbeatTime = _time.GetUtcNow();
        await cluster.Client.UpdateStatusAsync(node, cluster.Cancellation);
        await cluster.UntilAsync<Node>("no taints", nodes => nodes[0].Spec.Taints.Count == 0);
        await cluster.UntilAsync<Event>("cancelled", events => events.Exists(item => item.Message == "Cancelling deletion of Pod default/usual"));

        // The whole time it would have been given, with heartbeats.
        for (var i = 0; i < 40; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            await BeatAsync(cluster);
        }

        Assert.Equal(["hasty"], Deleted(await cluster.ListAsync<Pod>()));
    }

    [Fact]
    public async Task A_taint_of_an_administrator_evicts_at_once()
    {
        await using var cluster = await TestCluster.StartAsync(nodes: 1);
        await RunningPodAsync(cluster, "plain");
        await RunningPodAsync(cluster, "tolerant", new Toleration { Key = "broken", Operator = "Equal", Value = "disk", Effect = "NoExecute" });

        await cluster.Client.PatchAsync<Node>(
            new NamespacedName("", "node-1"), PatchType.Merge, """{"spec":{"taints":[{"key":"broken","value":"disk","effect":"NoExecute"}]}}"""u8.ToArray(), cancellationToken: cluster.Cancellation);

        await cluster.UntilAsync<Pod>("evicted", pods => Deleted(pods) is ["plain"]);
    }

    [Fact]
    public async Task Nodes_get_a_pod_network_each_and_their_ttl()
    {
        await using var cluster = await TestCluster.StartAsync(nodes: 3, clusterCidr: System.Net.IPNetwork.Parse("10.244.0.0/16"));
        await cluster.AddNodeAsync("own", node => (node.Spec.PodCIDR, node.Spec.PodCIDRs) = ("10.244.0.0/24", ["10.244.0.0/24"]));
        var nodes = await cluster.UntilAsync<Node>("networks", list => list.Count == 4 && list.TrueForAll(node => node.Spec.PodCIDRs.Count == 1));
        await cluster.UntilAsync<Node>("ttl", list => list.TrueForAll(node => node.Metadata.Annotations.GetValueOrDefault("node.alpha.kubernetes.io/ttl") == "0"));
        Assert.Equal(3, nodes.Where(node => node.Metadata.Name != "own").Select(node => node.Spec.PodCIDR).Distinct().Count());
        Assert.All(nodes, node => Assert.StartsWith("10.244.", node.Spec.PodCIDR));
    }

    /// <summary>The step before, nodes, the step after.</summary>
    [Theory]
    [InlineData(0, 100, 0)]
    [InlineData(0, 101, 1)]
    [InlineData(1, 95, 1)]
    [InlineData(1, 89, 0)]
    [InlineData(0, 1500, 3)]
    [InlineData(4, 1900, 4)]
    [InlineData(4, 10, 0)]
    public void A_times_step_follows_the_size_of_the_cluster(int before, int nodes, int after) => Assert.Equal(after, NodeTtlController.Step(before, nodes));

    /// <summary>Range, length, blocks in use, the next block.</summary>
    [Theory]
    [InlineData("10.244.0.0/16", 24, "", "10.244.0.0/24")]
    [InlineData("10.244.0.0/16", 24, "10.244.0.0/24 10.244.2.0/24", "10.244.1.0/24")]
    [InlineData("10.244.0.0/16", 24, "10.244.0.0/25", "10.244.1.0/24")]
    [InlineData("10.244.0.0/16", 24, "10.244.0.0/22", "10.244.4.0/24")]
    [InlineData("10.244.0.0/23", 24, "10.244.1.0/24 10.244.0.0/24", null)]
    [InlineData("fd00:10:244::/56", 64, "fd00:10:244::/64", "fd00:10:244:1::/64")]
    [InlineData("10.244.0.0/16", 24, "fd00:10:244::/64 10.0.0.0/8", null)]
    public void A_node_gets_the_first_block_nobody_has(string range, int length, string used, string? block) => Assert.Equal(
        block,
        PodCidrPlan.FirstFree(
            System.Net.IPNetwork.Parse(range), length, used.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(System.Net.IPNetwork.Parse))?.ToString());

    private static NodeCondition? Ready(Node node) => NodeHealth.Ready(node);

    private static string[] Deleted(List<Pod> pods) =>
        [.. pods.Where(pod => pod.Metadata.DeletionTimestamp is not null).Select(pod => pod.Metadata.Name).Order(StringComparer.Ordinal)];

    private static async Task RunningPodAsync(TestCluster cluster, string name, params Toleration[] tolerations)
    {
        var spec = TestCluster.Template("web").Spec;
        spec.NodeName = "node-1";
        spec.Tolerations = [.. tolerations];
        var pod = await cluster.Client.CreateAsync(new Pod { Metadata = new ObjectMeta { Name = name, Namespace = "default" }, Spec = spec }, cluster.Cancellation);
        await cluster.ReportAsync(pod, ready: true);
    }

    private async Task BeatAsync(TestCluster cluster)
    {
        var patch = $$"""{"status":{"conditions":[{"type":"Ready","status":"True","lastHeartbeatTime":"{{_time.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss'Z'}}"} ]} }""";
        await cluster.Client.PatchAsync<Node>(
            new NamespacedName("", "node-1"), PatchType.StrategicMerge, System.Text.Encoding.UTF8.GetBytes(patch), "status", cluster.Cancellation);
    }

    /// <summary>Lets time pass until something holds.</summary>
    private async Task PassAsync<T>(TestCluster cluster, TimeSpan step, Func<List<T>, bool> condition)
        where T : class, IResource<T>
    {
        while (!condition((await cluster.Client.ListAsync<T>(new ListOptions { Namespace = T.Resource.Namespaced ? "default" : null }, cluster.Cancellation)).Items))
        {
            _time.Advance(step);
            await Task.Delay(20, cluster.Cancellation);
        }
    }
}
