using System.Text;
using Dataplane.Api;
using Dataplane.Api.Client;
using static Dataplane.ControlPlane.Tests.Controllers.TestCluster;

namespace Dataplane.ControlPlane.Tests.Controllers;

public sealed class DaemonSetTests
{
    private static readonly NamespacedName Agent = new("default", "agent");

    [Fact]
    public async Task Every_node_that_fits_gets_one_pod_and_those_that_come_later_too()
    {
        await using var cluster = await StartAsync(nodes: 2, kubelet: true);
        await cluster.AddNodeAsync("cordoned", node => node.Spec.Unschedulable = true);
        await cluster.AddNodeAsync("tainted", node => node.Spec.Taints = [new Taint { Key = "only", Effect = "NoSchedule" }]);
        await cluster.Client.CreateAsync(DaemonSet(), cluster.Cancellation);

        await ReadyAsync(cluster, 3);
        Assert.Equal(["cordoned", "node-1", "node-2"], await PlacesAsync(cluster));
        var pod = (await cluster.PodsAsync("agent"))[0];
        Assert.Equal("agent-", pod.Metadata.GenerateName);
        Assert.Equal("1", pod.Metadata.Labels["pod-template-generation"]);
        Assert.Contains(pod.Spec.Tolerations, toleration => toleration is { Key: "node.kubernetes.io/disk-pressure", Effect: "NoSchedule", Operator: "Exists" });
        Assert.DoesNotContain(pod.Spec.Tolerations, toleration => toleration.TolerationSeconds is not null);
        var field = Assert.Single(Assert.Single(pod.Spec.Affinity!.NodeAffinity!.RequiredDuringSchedulingIgnoredDuringExecution!.NodeSelectorTerms).MatchFields);
        Assert.Equal(("metadata.name", pod.Spec.NodeName), (field.Key, Assert.Single(field.Values)));

        await cluster.AddNodeAsync("late");
        await ReadyAsync(cluster, 4);
    }

    [Fact]
    public async Task A_node_that_fits_no_longer_loses_its_pod_or_counts_it_as_misscheduled()
    {
        await using var cluster = await StartAsync(kubelet: true);
        await cluster.AddNodeAsync("a", node => node.Metadata.Labels["disk"] = "ssd");
        await cluster.AddNodeAsync("b", node => node.Metadata.Labels["disk"] = "ssd");
        var set = DaemonSet();
        set.Spec.Template.Spec.NodeSelector["disk"] = "ssd";
        await cluster.Client.CreateAsync(set, cluster.Cancellation);
        await ReadyAsync(cluster, 2);

        await PatchNodeAsync(cluster, "a", """{"spec":{"taints":[{"key":"x","effect":"NoSchedule"}]}}""");
        await UntilStatusAsync(cluster, "a misscheduled pod", status => status is { DesiredNumberScheduled: 1, CurrentNumberScheduled: 1, NumberMisscheduled: 1 });
        Assert.Equal(["a", "b"], await PlacesAsync(cluster));

        await PatchNodeAsync(cluster, "a", """{"metadata":{"labels":{"disk":null}}}""");
        await UntilStatusAsync(cluster, "one pod", status => status is { DesiredNumberScheduled: 1, NumberMisscheduled: 0 });
        await cluster.UntilAsync<Pod>("one pod", pods => pods.Count == 1, "app=agent");
        Assert.Equal(["b"], await PlacesAsync(cluster));
    }

    [Theory]
    [InlineData("{maxUnavailable: 1, maxSurge: 0}", 2, 3)]
    [InlineData("{maxUnavailable: 0, maxSurge: 1}", 3, 4)]
    public async Task A_new_template_is_rolled_out_node_by_node_and_can_be_taken_back(string rolling, int fewestReady, int most)
    {
        await using var cluster = await StartAsync(nodes: 3, kubelet: true);
        var set = DaemonSet();
        set.Spec.UpdateStrategy.RollingUpdate = new RollingUpdateDaemonSet
        {
            MaxUnavailable = rolling.Contains("maxUnavailable: 1", StringComparison.Ordinal) ? 1 : 0,
            MaxSurge = rolling.Contains("maxSurge: 1", StringComparison.Ordinal) ? 1 : 0,
        };
        await cluster.Client.CreateAsync(set, cluster.Cancellation);
        await ReadyAsync(cluster, 3);
        var first = Assert.Single(await cluster.ListAsync<ControllerRevision>());
        var pods = await cluster.Client.ListAsync<Pod>(new ListOptions { Namespace = "default", LabelSelector = "app=agent" }, cluster.Cancellation);
        var watch = WatchLimitsAsync(cluster, pods);

        await ImageAsync(cluster, "echo:2");
        await UntilStatusAsync(cluster, "updated", status => status is { UpdatedNumberScheduled: 3, NumberAvailable: 3 } && status.ObservedGeneration == 2);
        await cluster.UntilAsync<Pod>("three pods", pods => pods.Count == 3 && pods.TrueForAll(IsReady), "app=agent");

        var revisions = await cluster.ListAsync<ControllerRevision>();
        Assert.Equal([1L, 2L], revisions.Select(revision => revision.Revision).Order());
        Assert.All(await cluster.PodsAsync("agent"), pod => Assert.Equal("echo:2", pod.Spec.Containers[0].Image));

        // Back by what the first revision keeps, as kubectl rollout undo sends it.
        await cluster.Client.PatchAsync<DaemonSet>(
            Agent, PatchType.StrategicMerge, Encoding.UTF8.GetBytes(first.Data!.Value.GetRawText()), cancellationToken: cluster.Cancellation);
        await UntilStatusAsync(cluster, "taken back", status => status is { UpdatedNumberScheduled: 3, NumberAvailable: 3 } && status.ObservedGeneration == 3);
        await cluster.UntilAsync<Pod>("old image", pods => pods.Count == 3 && pods.TrueForAll(pod => pod.Spec.Containers[0].Image == "echo:1"), "app=agent");
        var renumbered = await cluster.ListAsync<ControllerRevision>();
        Assert.Equal(3, renumbered.Single(revision => revision.Metadata.Name == first.Metadata.Name).Revision);
        Assert.Equal(2, renumbered.Count);

        var (seenMost, seenFewest) = await watch;
        Assert.InRange(seenMost, 3, most);
        Assert.InRange(seenFewest, fewestReady, 3);
    }

    [Fact]
    public async Task With_on_delete_pods_change_when_they_are_deleted()
    {
        await using var cluster = await StartAsync(nodes: 2, kubelet: true);
        var set = DaemonSet();
        set.Spec.UpdateStrategy.Type = "OnDelete";
        await cluster.Client.CreateAsync(set, cluster.Cancellation);
        await ReadyAsync(cluster, 2);
        await ImageAsync(cluster, "echo:2");
        await UntilStatusAsync(cluster, "seen", status => status is { ObservedGeneration: 2, UpdatedNumberScheduled: null });

        var victim = (await cluster.PodsAsync("agent"))[0];
        await cluster.Client.DeleteAsync<Pod>(NamespacedName.Of(victim), cancellationToken: cluster.Cancellation);

        await UntilStatusAsync(cluster, "one updated", status => status is { UpdatedNumberScheduled: 1, NumberAvailable: 2 });
        Assert.Equal(["echo:1", "echo:2"], (await cluster.PodsAsync("agent")).Select(pod => pod.Spec.Containers[0].Image).Order());
    }

    [Fact]
    public async Task A_failed_pod_is_replaced_and_revisions_beyond_the_limit_go()
    {
        await using var cluster = await StartAsync(nodes: 1, kubelet: true);
        var set = DaemonSet();
        set.Spec.RevisionHistoryLimit = 1;
        await cluster.Client.CreateAsync(set, cluster.Cancellation);
        await ReadyAsync(cluster, 1);
        var failed = Assert.Single(await cluster.PodsAsync("agent"));
        await cluster.Client.PatchAsync<Pod>(NamespacedName.Of(failed), PatchType.Merge, """{"status":{"phase":"Failed"}}"""u8.ToArray(), "status", cluster.Cancellation);
        await cluster.UntilAsync<Pod>("another pod", pods => pods.Count == 1 && pods[0].Metadata.UID != failed.Metadata.UID && IsReady(pods[0]), "app=agent");
        await cluster.UntilAsync<Event>("told", events => events.Exists(item => item.Reason == "FailedDaemonPod" && item.Message!.Contains(failed.Metadata.Name)));

        foreach (var generation in new[] { 2, 3, 4 })
        {
            await ImageAsync(cluster, $"echo:{generation}");
            await UntilStatusAsync(cluster, "updated", status => status is { UpdatedNumberScheduled: 1, NumberAvailable: 1 } && status.ObservedGeneration == generation);
        }

        await cluster.UntilAsync<ControllerRevision>("two revisions", list => list.Select(item => item.Revision).Order().SequenceEqual([3L, 4L]));
    }

    [Fact]
    public async Task Pods_left_behind_are_adopted_and_deleted_ones_take_their_pods_with_them()
    {
        await using var cluster = await StartAsync(nodes: 1, kubelet: true);
        await cluster.Client.CreateAsync(DaemonSet(), cluster.Cancellation);
        await ReadyAsync(cluster, 1);
        var pod = Assert.Single(await cluster.PodsAsync("agent"));

        await cluster.Client.DeleteAsync<DaemonSet>(Agent, new DeleteOptions { PropagationPolicy = "Orphan" }, cluster.Cancellation);
        await cluster.UntilAsync<DaemonSet>("gone", list => list.Count == 0);
        Assert.Empty(Assert.Single(await cluster.PodsAsync("agent")).Metadata.OwnerReferences);

        await cluster.Client.CreateAsync(DaemonSet(), cluster.Cancellation);
        await ReadyAsync(cluster, 1);
        Assert.Equal(pod.Metadata.UID, Assert.Single(await cluster.PodsAsync("agent")).Metadata.UID);

        await cluster.Client.DeleteAsync<DaemonSet>(Agent, new DeleteOptions { PropagationPolicy = "Foreground" }, cluster.Cancellation);
        await cluster.UntilAsync<DaemonSet>("gone", list => list.Count == 0);
        Assert.Empty(await cluster.PodsAsync("agent"));
        await cluster.UntilAsync<ControllerRevision>("no revision", list => list.Count == 0);
    }

    private static DaemonSet DaemonSet() => new()
    {
        Metadata = new ObjectMeta { Name = "agent", Namespace = "default" },
        Spec = new DaemonSetSpec { Selector = new LabelSelector { MatchLabels = { ["app"] = "agent" } }, Template = Template("agent") },
    };

    private static bool IsReady(Pod pod) => pod.Status.Conditions.Exists(condition => condition is { Type: "Ready", Status: "True" });

    private static Task ReadyAsync(TestCluster cluster, int nodes) => UntilStatusAsync(
        cluster,
        $"{nodes} ready",
        status => status.DesiredNumberScheduled == nodes && status.NumberReady == nodes && status.NumberAvailable == nodes && status.NumberUnavailable is null);

    private static Task UntilStatusAsync(TestCluster cluster, string what, Func<DaemonSetStatus, bool> condition) =>
        cluster.UntilAsync<DaemonSet>(what, list => list.Exists(set => condition(set.Status)));

    private static async Task<IEnumerable<string?>> PlacesAsync(TestCluster cluster) =>
        (await cluster.PodsAsync("agent")).Select(pod => pod.Spec.NodeName).Order();

    private static Task ImageAsync(TestCluster cluster, string image) => cluster.Client.PatchAsync<DaemonSet>(
        Agent,
        PatchType.StrategicMerge,
        Encoding.UTF8.GetBytes($"{{\"spec\":{{\"template\":{{\"spec\":{{\"containers\":[{{\"name\":\"main\",\"image\":\"{image}\"}}]}}}}}}}}"),
        cancellationToken: cluster.Cancellation);

    private static Task PatchNodeAsync(TestCluster cluster, string name, string patch) => cluster.Client.PatchAsync<Node>(
        new NamespacedName("", name), PatchType.Merge, Encoding.UTF8.GetBytes(patch), cancellationToken: cluster.Cancellation);

    /// <summary>The most pods that are not on their way out and the fewest ready ones at any time until the first image is back on every node.</summary>
    private static async Task<(int Most, int FewestReady)> WatchLimitsAsync(TestCluster cluster, KubernetesList<Pod> list)
    {
        var pods = list.Items.ToDictionary(pod => pod.Metadata.UID);
        var (most, fewest, turned) = (pods.Count, pods.Count, false);
        var options = new WatchOptions { Namespace = "default", LabelSelector = "app=agent", ResourceVersion = list.Metadata.ResourceVersion };
        await foreach (var change in cluster.Client.WatchAsync<Pod>(options, cluster.Cancellation))
        {
            if (change.Type == WatchEventType.Deleted)
            {
                pods.Remove(change.Object.Metadata.UID);
            }
            else if (change.Type != WatchEventType.Bookmark)
            {
                pods[change.Object.Metadata.UID] = change.Object;
            }

            most = Math.Max(most, pods.Values.Count(pod => pod.Metadata.DeletionTimestamp is null));
            fewest = Math.Min(fewest, pods.Values.Count(IsReady));
            var images = pods.Values.Select(pod => pod.Spec.Containers[0].Image).ToHashSet();
            turned |= images.SetEquals(["echo:2"]);
            if (turned && pods.Count == 3 && images.SetEquals(["echo:1"]) && pods.Values.All(IsReady))
            {
                break;
            }
        }

        return (most, fewest);
    }
}
