using System.Text;
using Dataplane.Api;
using Dataplane.Api.Client;
using static Dataplane.ControlPlane.Tests.Controllers.TestCluster;

namespace Dataplane.ControlPlane.Tests.Controllers;

public sealed class DeploymentTests
{
    private static readonly NamespacedName Web = new("default", "web");

    [Fact]
    public async Task A_deployment_becomes_available_and_then_nothing_is_written_any_more()
    {
        await using var cluster = await StartAsync(nodes: 2, kubelet: true);
        await cluster.Client.CreateAsync(Deployment("web", 3), cluster.Cancellation);

        var deployment = await AvailableAsync(cluster, 3);

        var set = Assert.Single(await cluster.ListAsync<ReplicaSet>());
        var hash = set.Metadata.Labels["pod-template-hash"];
        Assert.Equal($"web-{hash}", set.Metadata.Name);
        Assert.Equal("1", set.Metadata.Annotations["deployment.kubernetes.io/revision"]);
        Assert.Equal("1", deployment.Metadata.Annotations["deployment.kubernetes.io/revision"]);
        Assert.Equal("NewReplicaSetAvailable", Condition(deployment, "Progressing")?.Reason);
        Assert.Equal("MinimumReplicasAvailable", Condition(deployment, "Available")?.Reason);
        var pods = await cluster.PodsAsync("web");
        Assert.All(pods, pod => Assert.Equal(hash, pod.Metadata.Labels["pod-template-hash"]));
        Assert.All(pods, pod => Assert.Equal(set.Metadata.UID, Assert.Single(pod.Metadata.OwnerReferences).UID));
        Assert.Equal(["node-1", "node-2"], pods.Select(pod => pod.Spec.NodeName).Distinct().Order());

        // What was settled stays untouched while another deployment is made: its objects keep their versions.
        var before = set.Metadata.ResourceVersion + deployment.Metadata.ResourceVersion;
        await cluster.Client.CreateAsync(Deployment("other", 1), cluster.Cancellation);
        await cluster.UntilAsync<Deployment>("other", list => list.Exists(item => item.Metadata.Name == "other" && item.Status.AvailableReplicas == 1));
        var after = (await cluster.Client.GetAsync<ReplicaSet>(NamespacedName.Of(set), cluster.Cancellation)).Metadata.ResourceVersion
            + (await cluster.Client.GetAsync<Deployment>(Web, cluster.Cancellation)).Metadata.ResourceVersion;
        Assert.Equal(before, after);
    }

    [Fact]
    public async Task A_new_template_replaces_the_pods_within_the_limits()
    {
        await using var cluster = await StartAsync(nodes: 2, kubelet: true);
        await cluster.Client.CreateAsync(Deployment("web", 4), cluster.Cancellation);
        await AvailableAsync(cluster, 4);
        var old = Assert.Single(await cluster.ListAsync<ReplicaSet>());
        var fewestReady = WatchFewestReadyAsync(cluster, await ListPodsAsync(cluster));
        var asked = WatchAskedAsync(cluster, old);

        await PatchAsync(cluster, """{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"echo:2"}]}}}}""");
        var deployment = await AvailableAsync(cluster, 4, revision: "2");

        var sets = await cluster.ListAsync<ReplicaSet>();
        Assert.Equal(2, sets.Count);
        Assert.Equal(0, sets.Single(set => set.Metadata.UID == old.Metadata.UID).Spec.Replicas);
        await cluster.UntilAsync<Pod>("new pods only", pods => pods.Count == 4 && pods.TrueForAll(pod => pod.Spec.Containers[0].Image == "echo:2"));
        Assert.Equal("2", deployment.Metadata.Annotations["deployment.kubernetes.io/revision"]);
        Assert.Equal(5, await asked);
        Assert.InRange(await fewestReady, 3, 4);
    }

    [Fact]
    public async Task Going_back_takes_the_old_replica_set_up_again()
    {
        await using var cluster = await StartAsync(nodes: 1, kubelet: true);
        await cluster.Client.CreateAsync(Deployment("web", 1), cluster.Cancellation);
        await AvailableAsync(cluster, 1);
        await PatchAsync(cluster, """{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"echo:2"}]}}}}""");
        await AvailableAsync(cluster, 1, revision: "2");
        await PatchAsync(cluster, """{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"echo:1"}]}}}}""");

        await AvailableAsync(cluster, 1, revision: "3");

        var sets = await cluster.ListAsync<ReplicaSet>();
        Assert.Equal(["2", "3"], sets.Select(set => set.Metadata.Annotations["deployment.kubernetes.io/revision"]).Order());
    }

    [Fact]
    public async Task A_broken_template_leaves_enough_of_the_old_pods()
    {
        await using var cluster = await StartAsync(nodes: 1, kubelet: true);
        await cluster.Client.CreateAsync(Deployment("web", 4), cluster.Cancellation);
        await AvailableAsync(cluster, 4);

        await PatchAsync(cluster, """{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"broken"}]}}}}""");
        await cluster.UntilAsync<Deployment>("two updated", list => list[0].Status is { UpdatedReplicas: 2, AvailableReplicas: 3, Replicas: 5 });

        // The set counts a pod no longer when it has been asked to go; the kubelet takes it away then.
        await cluster.UntilAsync<Pod>("three old pods", pods => pods.Count(pod => pod.Spec.Containers[0].Image == "echo:1") == 3 && pods.Count == 5);
    }

    [Fact]
    public async Task Recreate_has_no_two_versions_at_once()
    {
        await using var cluster = await StartAsync(nodes: 1, kubelet: true);
        var deployment = Deployment("web", 2);
        deployment.Spec.Strategy.Type = "Recreate";
        await cluster.Client.CreateAsync(deployment, cluster.Cancellation);
        await AvailableAsync(cluster, 2);
        var images = WatchImagesAsync(cluster, await ListPodsAsync(cluster));

        await PatchAsync(cluster, """{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"echo:2"}]}}}}""");
        await AvailableAsync(cluster, 2, revision: "2");

        Assert.False(await images);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(0)]
    public async Task Scaling_changes_the_one_replica_set(int replicas)
    {
        await using var cluster = await StartAsync(nodes: 1, kubelet: true);
        await cluster.Client.CreateAsync(Deployment("web", 3), cluster.Cancellation);
        await AvailableAsync(cluster, 3);

        await PatchAsync(cluster, $"{{\"spec\":{{\"replicas\":{replicas}}}}}");
        await cluster.UntilAsync<Deployment>("scaled", list => (list[0].Status.AvailableReplicas ?? 0) == replicas && (list[0].Status.Replicas ?? 0) == replicas);

        await cluster.UntilAsync<Pod>("pods", pods => pods.Count == replicas);
        Assert.Single(await cluster.ListAsync<ReplicaSet>());
    }

    [Fact]
    public async Task Deleting_it_deletes_all_that_it_made()
    {
        await using var cluster = await StartAsync(nodes: 1, kubelet: true);
        await cluster.Client.CreateAsync(Deployment("web", 3), cluster.Cancellation);
        await AvailableAsync(cluster, 3);

        await cluster.Client.DeleteAsync<Deployment>(Web, new DeleteOptions { PropagationPolicy = "Background" }, cluster.Cancellation);

        await cluster.UntilAsync<ReplicaSet>("no replica sets", list => list.Count == 0);
        await cluster.UntilAsync<Pod>("no pods", list => list.Count == 0);
    }

    [Fact]
    public async Task Orphans_are_kept_and_adopted_again()
    {
        await using var cluster = await StartAsync(nodes: 1, kubelet: true);
        await cluster.Client.CreateAsync(Deployment("web", 2), cluster.Cancellation);
        await AvailableAsync(cluster, 2);
        var set = Assert.Single(await cluster.ListAsync<ReplicaSet>());

        await cluster.Client.DeleteAsync<Deployment>(Web, new DeleteOptions { PropagationPolicy = "Orphan" }, cluster.Cancellation);
        await cluster.UntilAsync<Deployment>("gone", list => list.Count == 0);
        Assert.Empty(Assert.Single(await cluster.ListAsync<ReplicaSet>()).Metadata.OwnerReferences);
        await cluster.Client.CreateAsync(Deployment("web", 2), cluster.Cancellation);

        var deployment = await AvailableAsync(cluster, 2);
        var adopted = Assert.Single(await cluster.ListAsync<ReplicaSet>());
        Assert.Equal(set.Metadata.UID, adopted.Metadata.UID);
        Assert.Equal(deployment.Metadata.UID, Assert.Single(adopted.Metadata.OwnerReferences).UID);
    }

    [Fact]
    public async Task A_paused_rollout_waits_and_goes_on_when_it_is_resumed()
    {
        await using var cluster = await StartAsync(nodes: 1, kubelet: true);
        await cluster.Client.CreateAsync(Deployment("web", 2), cluster.Cancellation);
        await AvailableAsync(cluster, 2);

        await PatchAsync(cluster, """{"spec":{"paused":true,"template":{"spec":{"containers":[{"name":"main","image":"echo:2"}]}}}}""");
        await ProgressingAsync(cluster, "Unknown", "DeploymentPaused");
        Assert.Single(await cluster.ListAsync<ReplicaSet>());

        await PatchAsync(cluster, """{"spec":{"paused":false}}""");
        await AvailableAsync(cluster, 2, revision: "2");
    }

    [Fact]
    public async Task A_rollout_without_progress_is_said_to_be_stuck()
    {
        var time = new ShiftedTime();
        await using var cluster = await StartAsync(time: time);
        var deployment = Deployment("web", 1);
        deployment.Spec.ProgressDeadlineSeconds = 60;
        await cluster.Client.CreateAsync(deployment, cluster.Cancellation);
        await ProgressingAsync(cluster, "True", "ReplicaSetUpdated");

        time.Advance(TimeSpan.FromSeconds(61));
        var stuck = await ProgressingAsync(cluster, "False", "ProgressDeadlineExceeded");
        Assert.Matches("ReplicaSet \"web-[a-z0-9]+\" has timed out progressing.", Condition(stuck, "Progressing")!.Message);
    }

    [Fact]
    public async Task Old_replica_sets_beyond_the_limit_go_and_one_that_comes_back_remembers_its_revisions()
    {
        await using var cluster = await StartAsync(nodes: 1, kubelet: true);
        var deployment = Deployment("web", 1);
        deployment.Spec.RevisionHistoryLimit = 1;
        await cluster.Client.CreateAsync(deployment, cluster.Cancellation);
        await AvailableAsync(cluster, 1);
        foreach (var (image, revision) in new[] { ("echo:2", "2"), ("echo:3", "3"), ("echo:2", "4") })
        {
            await PatchAsync(cluster, "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"main\",\"image\":\"" + image + "\"}]}}}}");
            await AvailableAsync(cluster, 1, revision);
        }

        var sets = await cluster.UntilAsync<ReplicaSet>("two sets", list => list.Count == 2);
        var current = sets.Single(set => set.Metadata.Annotations["deployment.kubernetes.io/revision"] == "4");
        Assert.Equal("2", current.Metadata.Annotations["deployment.kubernetes.io/revision-history"]);
        Assert.Equal("3", sets.Single(set => set != current).Metadata.Annotations["deployment.kubernetes.io/revision"]);
    }

    [Fact]
    public async Task A_refused_replica_set_is_told_of_and_made_when_it_may_be()
    {
        await using var cluster = await StartAsync(nodes: 1, kubelet: true);
        var quota = ResourceTypes.All.Single(resource => resource.Kind == "ResourceQuota");
        await cluster.Client.CreateYamlAsync(
            quota, "default", "{apiVersion: v1, kind: ResourceQuota, metadata: {name: none}, spec: {hard: {count/replicasets.apps: '0'}}}", cluster.Cancellation);
        await cluster.Client.CreateAsync(Deployment("web", 1), cluster.Cancellation);

        var refused = await ProgressingAsync(cluster, "False", "ReplicaSetCreateError");
        Assert.Matches("Failed to create new replica set \"web-[a-z0-9]+\": .*exceeded quota: none", Condition(refused, "Progressing")!.Message);

        await cluster.Client.DeleteAsync(quota, new NamespacedName("default", "none"), cancellationToken: cluster.Cancellation);
        await AvailableAsync(cluster, 1);
    }

    private static async Task<Deployment> ProgressingAsync(TestCluster cluster, string status, string reason) => (await cluster.UntilAsync<Deployment>(
        reason, list => list.Exists(item => Condition(item, "Progressing") is { } condition && condition.Status == status && condition.Reason == reason)))[0];

    private static DeploymentCondition? Condition(Deployment deployment, string type) => deployment.Status.Conditions.Find(condition => condition.Type == type);

    private static async Task<Deployment> AvailableAsync(TestCluster cluster, int replicas, string revision = "1") =>
        (await cluster.UntilAsync<Deployment>($"{replicas} available in revision {revision}", list => list.Exists(deployment =>
            deployment.Metadata.Name == "web"
            && deployment.Metadata.Annotations.GetValueOrDefault("deployment.kubernetes.io/revision") == revision
            && deployment.Status.ObservedGeneration == deployment.Metadata.Generation
            && deployment.Status.AvailableReplicas == replicas
            && deployment.Status.UpdatedReplicas == replicas
            && deployment.Status.Replicas == replicas
            && Condition(deployment, "Progressing")?.Reason == "NewReplicaSetAvailable"))).Single(deployment => deployment.Metadata.Name == "web");

    private static Task PatchAsync(TestCluster cluster, string patch) =>
        cluster.Client.PatchAsync<Deployment>(Web, PatchType.StrategicMerge, Encoding.UTF8.GetBytes(patch), cancellationToken: cluster.Cancellation);

    /// <summary>Follows the pods until only new ones are left: the most there were at a time, and the fewest that were ready.</summary>
    private static async Task<int> WatchFewestReadyAsync(TestCluster cluster, KubernetesList<Pod> first)
    {
        var fewest = int.MaxValue;
        await FollowAsync(cluster, first, pods =>
        {
            var active = pods.Where(pod => pod.Metadata.DeletionTimestamp is null).ToList();
            fewest = Math.Min(fewest, active.Count(pod => pod.Status.Conditions.Exists(condition => condition is { Type: "Ready", Status: "True" })));
            return active.Count == 4 && pods.TrueForAll(pod => pod.Spec.Containers[0].Image == "echo:2") && fewest < int.MaxValue;
        });
        return fewest;
    }

    /// <summary>
    /// Most pods that the sets were ever asked for together. Of pods there may be more: a set that was made smaller lets go of them
    /// when it gets to it.
    /// </summary>
    private static async Task<int> WatchAskedAsync(TestCluster cluster, ReplicaSet first)
    {
        var asked = new Dictionary<string, int> { [first.Metadata.UID] = first.Spec.Replicas ?? 0 };
        var most = 0;
        await foreach (var change in cluster.Client.WatchAsync<ReplicaSet>(
            new WatchOptions { Namespace = "default", ResourceVersion = first.Metadata.ResourceVersion, AllowBookmarks = false }, cluster.Cancellation))
        {
            asked[change.Object.Metadata.UID] = change.Object.Spec.Replicas ?? 0;
            most = Math.Max(most, asked.Values.Sum());
            if (asked[first.Metadata.UID] == 0)
            {
                break;
            }
        }

        return most;
    }

    /// <summary>Whether pods of both images were ever there together.</summary>
    private static async Task<bool> WatchImagesAsync(TestCluster cluster, KubernetesList<Pod> first)
    {
        var together = false;
        await FollowAsync(cluster, first, pods =>
        {
            var images = pods.Select(pod => pod.Spec.Containers[0].Image).Distinct().ToList();
            together |= images.Count > 1;
            return images is ["echo:2"] && pods.Count == 2;
        });
        return together;
    }

    /// <summary>Where to follow the pods from, so that nothing is missed of what is set off next.</summary>
    private static Task<KubernetesList<Pod>> ListPodsAsync(TestCluster cluster) =>
        cluster.Client.ListAsync<Pod>(new ListOptions { Namespace = "default" }, cluster.Cancellation);

    private static async Task FollowAsync(TestCluster cluster, KubernetesList<Pod> first, Func<List<Pod>, bool> until)
    {
        var pods = first.Items.ToDictionary(pod => pod.Metadata.UID);
        await foreach (var change in cluster.Client.WatchAsync<Pod>(
            new WatchOptions { Namespace = "default", ResourceVersion = first.Metadata.ResourceVersion, AllowBookmarks = false }, cluster.Cancellation))
        {
            if (change.Type == WatchEventType.Deleted)
            {
                pods.Remove(change.Object.Metadata.UID);
            }
            else
            {
                pods[change.Object.Metadata.UID] = change.Object;
            }

            if (until([.. pods.Values]))
            {
                return;
            }
        }
    }
}
