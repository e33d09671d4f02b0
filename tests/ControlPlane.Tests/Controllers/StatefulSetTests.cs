using System.Text;
using Dataplane.Api;
using Dataplane.Api.Client;
using static Dataplane.ControlPlane.Tests.Controllers.TestCluster;

namespace Dataplane.ControlPlane.Tests.Controllers;

public sealed class StatefulSetTests
{
    private static readonly NamespacedName Database = new("default", "db");

    [Fact]
    public async Task Pods_come_one_after_the_other_each_with_a_name_a_number_and_a_claim_of_its_own()
    {
        await using var cluster = await StartWithVolumesAsync();
        await cluster.Client.CreateAsync(StatefulSet(3), cluster.Cancellation);
        foreach (var ordinal in new[] { 0, 1, 2 })
        {
            var pods = await cluster.UntilAsync<Pod>($"pod {ordinal}", list => list.Exists(pod => pod.Metadata.Name == $"db-{ordinal}" && Bound(pod)), "app=db");
            // The next one waits for this one.
            Assert.Equal(ordinal + 1, pods.Count);
            await cluster.ReportAsync(pods.Single(pod => pod.Metadata.Name == $"db-{ordinal}"), ready: true);
        }

        var set = await UntilStatusAsync(cluster, "ready", status => status is { ReadyReplicas: 3, AvailableReplicas: 3, CurrentReplicas: 3, UpdatedReplicas: 3, Replicas: 3 });
        Assert.Equal(set.Status.CurrentRevision, set.Status.UpdateRevision);
        Assert.Equal(0, set.Status.CollisionCount);
        var pod = (await cluster.PodsAsync("db")).Single(item => item.Metadata.Name == "db-1");
        Assert.Equal(("db-1", "1"), (pod.Metadata.Labels["statefulset.kubernetes.io/pod-name"], pod.Metadata.Labels["apps.kubernetes.io/pod-index"]));
        Assert.Equal(set.Status.CurrentRevision, pod.Metadata.Labels["controller-revision-hash"]);
        Assert.Equal(("db-1", "db"), (pod.Spec.Hostname, pod.Spec.Subdomain));
        Assert.Equal("data-db-1", pod.Spec.Volumes.Single(volume => volume.Name == "data").PersistentVolumeClaim?.ClaimName);
        var claims = await cluster.ListAsync<PersistentVolumeClaim>("app=db");
        Assert.Equal(["data-db-0", "data-db-1", "data-db-2"], claims.Select(claim => claim.Metadata.Name).Order());
        Assert.All(claims, claim => Assert.Empty(claim.Metadata.OwnerReferences));
        await cluster.UntilAsync<Event>("told", events => events.Exists(item => item.Message == "create Claim data-db-2 Pod db-2 in StatefulSet db success"));
    }

    [Fact]
    public async Task Scaling_down_takes_the_last_first_and_leaves_the_claims_for_the_way_back()
    {
        await using var cluster = await StartWithVolumesAsync(kubelet: true);
        await cluster.Client.CreateAsync(StatefulSet(3), cluster.Cancellation);
        await ReadyAsync(cluster, 3);
        var claim = await cluster.Client.GetAsync<PersistentVolumeClaim>(new NamespacedName("default", "data-db-2"), cluster.Cancellation);

        await ScaleAsync(cluster, 1);
        await ReadyAsync(cluster, 1);
        Assert.Equal("db-0", Assert.Single(await cluster.PodsAsync("db")).Metadata.Name);
        Assert.Equal(3, (await cluster.ListAsync<PersistentVolumeClaim>()).Count);

        await ScaleAsync(cluster, 3);
        await ReadyAsync(cluster, 3);
        Assert.Equal(claim.Metadata.UID, (await cluster.Client.GetAsync<PersistentVolumeClaim>(NamespacedName.Of(claim), cluster.Cancellation)).Metadata.UID);
    }

    /// <summary>Policy when deleted, when scaled; claims left after scaling from 2 to 1 and after deletion.</summary>
    [Theory]
    [InlineData("Retain", "Retain", 2, 2)]
    [InlineData("Delete", "Retain", 2, 0)]
    [InlineData("Retain", "Delete", 1, 1)]
    [InlineData("Delete", "Delete", 1, 0)]
    public async Task Claims_go_when_the_policy_says_so(string deleted, string scaled, int afterScaling, int afterDeletion)
    {
        await using var cluster = await StartWithVolumesAsync(kubelet: true);
        var set = StatefulSet(2);
        set.Spec.PersistentVolumeClaimRetentionPolicy = new StatefulSetPersistentVolumeClaimRetentionPolicy { WhenDeleted = deleted, WhenScaled = scaled };
        await cluster.Client.CreateAsync(set, cluster.Cancellation);
        await ReadyAsync(cluster, 2);

        await ScaleAsync(cluster, 1);
        await ReadyAsync(cluster, 1);
        await cluster.UntilAsync<PersistentVolumeClaim>("scaled", claims => claims.Count == afterScaling);

        await cluster.Client.DeleteAsync<StatefulSet>(Database, new DeleteOptions { PropagationPolicy = "Foreground" }, cluster.Cancellation);
        await cluster.UntilAsync<StatefulSet>("gone", list => list.Count == 0);
        await cluster.UntilAsync<PersistentVolumeClaim>("deleted", claims => claims.Count == afterDeletion);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_new_template_replaces_pods_from_the_last_down_to_the_partition(int partition)
    {
        await using var cluster = await StartWithVolumesAsync(kubelet: true);
        var set = StatefulSet(3);
        set.Spec.UpdateStrategy.RollingUpdate = new RollingUpdateStatefulSetStrategy { Partition = partition };
        await cluster.Client.CreateAsync(set, cluster.Cancellation);
        await ReadyAsync(cluster, 3);
        var from = await cluster.Client.ListAsync<Pod>(new ListOptions { Namespace = "default" }, cluster.Cancellation);
        var watch = FirstSeenAsync(cluster, from.Metadata.ResourceVersion, 3 - partition);

        await ImageAsync(cluster, "echo:2");
        set = await UntilStatusAsync(cluster, "updated", status => status.ReadyReplicas == 3 && status.UpdatedReplicas == 3 - partition && status.Replicas == 3
            && (partition > 0 || status.CurrentRevision == status.UpdateRevision));

        Assert.Equal(Enumerable.Range(partition, 3 - partition).Reverse().Select(ordinal => $"db-{ordinal}"), await watch);
        var pods = (await cluster.PodsAsync("db")).OrderBy(pod => pod.Metadata.Name).ToList();
        Assert.Equal(Enumerable.Range(0, 3).Select(ordinal => ordinal < partition ? "echo:1" : "echo:2"), pods.Select(pod => pod.Spec.Containers[0].Image));

        // A pod below the partition that is deleted comes back as it was.
        if (partition > 0)
        {
            Assert.NotEqual(set.Status.CurrentRevision, set.Status.UpdateRevision);
            await cluster.Client.DeleteAsync<Pod>(NamespacedName.Of(pods[0]), cancellationToken: cluster.Cancellation);
            var again = await cluster.UntilAsync<Pod>(
                "again", list => list.Exists(pod => pod.Metadata.Name == "db-0" && pod.Metadata.UID != pods[0].Metadata.UID), "app=db");
            Assert.Equal("echo:1", again.Single(pod => pod.Metadata.Name == "db-0").Spec.Containers[0].Image);
        }

        var revisions = await cluster.ListAsync<ControllerRevision>();
        Assert.Equal([1L, 2L], revisions.Select(revision => revision.Revision).Order());
    }

    [Fact]
    public async Task With_on_delete_pods_change_when_they_are_deleted()
    {
        await using var cluster = await StartWithVolumesAsync(kubelet: true);
        var set = StatefulSet(2);
        set.Spec.UpdateStrategy.Type = "OnDelete";
        await cluster.Client.CreateAsync(set, cluster.Cancellation);
        await ReadyAsync(cluster, 2);
        await ImageAsync(cluster, "echo:2");
        await UntilStatusAsync(cluster, "seen", status => status is { ObservedGeneration: 2, UpdatedReplicas: null, ReadyReplicas: 2 });

        await cluster.Client.DeleteAsync<Pod>(new NamespacedName("default", "db-0"), cancellationToken: cluster.Cancellation);
        await UntilStatusAsync(cluster, "one updated", status => status is { UpdatedReplicas: 1, CurrentReplicas: 1, ReadyReplicas: 2 });
    }

    [Fact]
    public async Task In_parallel_all_come_at_once_from_the_number_asked_for()
    {
        await using var cluster = await StartAsync();
        var set = StatefulSet(3);
        set.Spec.PodManagementPolicy = "Parallel";
        set.Spec.Ordinals = new StatefulSetOrdinals { Start = 5 };
        await cluster.Client.CreateAsync(set, cluster.Cancellation);

        // No node, so none is ever ready.
        var pods = await cluster.UntilAsync<Pod>("three", list => list.Count == 3, "app=db");
        Assert.Equal(["db-5", "db-6", "db-7"], pods.Select(pod => pod.Metadata.Name).Order());
    }

    [Fact]
    public async Task A_failed_pod_comes_back_under_its_name_and_one_that_is_not_ready_holds_up_the_rollout()
    {
        await using var cluster = await StartWithVolumesAsync(kubelet: true);
        await cluster.Client.CreateAsync(StatefulSet(2), cluster.Cancellation);
        await ReadyAsync(cluster, 2);
        var failed = await cluster.Client.GetAsync<Pod>(new NamespacedName("default", "db-0"), cluster.Cancellation);
        await cluster.Client.PatchAsync<Pod>(NamespacedName.Of(failed), PatchType.Merge, """{"status":{"phase":"Failed"}}"""u8.ToArray(), "status", cluster.Cancellation);
        await cluster.UntilAsync<Pod>(
            "again", pods => pods.Exists(pod => pod.Metadata.Name == "db-0" && pod.Metadata.UID != failed.Metadata.UID && pod.Status.Phase == "Running"), "app=db");
        await cluster.UntilAsync<Event>("told", events => events.Exists(item => item.Message == "StatefulSet default/db is recreating failed Pod db-0"));
        await ReadyAsync(cluster, 2);

        await ImageAsync(cluster, "broken");
        await UntilStatusAsync(cluster, "stuck", status => status is { UpdatedReplicas: 1, ReadyReplicas: 1, CurrentReplicas: 1 });
        // As upstream's documentation has it, going back alone does not help: the broken pod must be deleted by hand.
        await ImageAsync(cluster, "echo:1");
        await UntilStatusAsync(cluster, "seen", status => status is { ObservedGeneration: 3, ReadyReplicas: 1 });
        await cluster.Client.DeleteAsync<Pod>(new NamespacedName("default", "db-1"), cancellationToken: cluster.Cancellation);
        await ReadyAsync(cluster, 2);
    }

    /// <summary>A node, and a volume for each claim a test makes: without one a pod is not scheduled.</summary>
    private static async Task<TestCluster> StartWithVolumesAsync(bool kubelet = false)
    {
        var cluster = await StartAsync(nodes: 1, kubelet);
        for (var i = 0; i < 3; i++)
        {
            await cluster.Client.CreateYamlAsync(
                PersistentVolume.Resource,
                "",
                $"{{apiVersion: v1, kind: PersistentVolume, metadata: {{name: v{i}}}, spec: " +
                "{capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /none}}}",
                cluster.Cancellation);
        }

        return cluster;
    }

    private static StatefulSet StatefulSet(int replicas) => new()
    {
        Metadata = new ObjectMeta { Name = "db", Namespace = "default" },
        Spec = new StatefulSetSpec
        {
            Replicas = replicas,
            ServiceName = "db",
            Selector = new LabelSelector { MatchLabels = { ["app"] = "db" } },
            Template = Template("db"),
            VolumeClaimTemplates =
            [
                new PersistentVolumeClaim
                {
                    Metadata = new ObjectMeta { Name = "data" },
                    Spec = new PersistentVolumeClaimSpec
                    {
                        AccessModes = ["ReadWriteOnce"],
                        Resources = new ResourceRequirements { Requests = { ["storage"] = Quantity.Parse("1Gi") } },
                    },
                },
            ],
        },
    };

    private static bool Bound(Pod pod) => !string.IsNullOrEmpty(pod.Spec.NodeName);

    private static Task<StatefulSet> ReadyAsync(TestCluster cluster, int replicas) => UntilStatusAsync(
        cluster,
        $"{replicas} ready",
        status => status.ReadyReplicas == replicas && status.Replicas == replicas && status.AvailableReplicas == replicas && status.UpdatedReplicas == replicas);

    private static async Task<StatefulSet> UntilStatusAsync(TestCluster cluster, string what, Func<StatefulSetStatus, bool> condition) =>
        Assert.Single(await cluster.UntilAsync<StatefulSet>(what, list => list.Exists(set => condition(set.Status))));

    private static Task ScaleAsync(TestCluster cluster, int replicas) => PatchAsync(cluster, $"{{\"spec\":{{\"replicas\":{replicas}}}}}");

    private static Task ImageAsync(TestCluster cluster, string image) => PatchAsync(
        cluster, $"{{\"spec\":{{\"template\":{{\"spec\":{{\"containers\":[{{\"name\":\"main\",\"image\":\"{image}\"}}]}}}}}}}}");

    private static Task PatchAsync(TestCluster cluster, string patch) => cluster.Client.PatchAsync<StatefulSet>(
        Database, PatchType.StrategicMerge, Encoding.UTF8.GetBytes(patch), cancellationToken: cluster.Cancellation);

    /// <summary>The names of pods with the second image in the order they came.</summary>
    private static async Task<List<string>> FirstSeenAsync(TestCluster cluster, string? from, int count)
    {
        var seen = new List<string>();
        var options = new WatchOptions { Namespace = "default", LabelSelector = "app=db", ResourceVersion = from };
        await foreach (var change in cluster.Client.WatchAsync<Pod>(options, cluster.Cancellation))
        {
            if (change is { Type: WatchEventType.Added, Object: { } pod } && pod.Spec.Containers[0].Image == "echo:2")
            {
                seen.Add(pod.Metadata.Name);
                if (seen.Count == count)
                {
                    break;
                }
            }
        }

        return seen;
    }
}
