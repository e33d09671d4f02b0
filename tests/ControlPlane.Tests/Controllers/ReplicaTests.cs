using System.Text;
using Dataplane.Api;
using Dataplane.Api.Client;
using static Dataplane.ControlPlane.Tests.Controllers.TestCluster;

namespace Dataplane.ControlPlane.Tests.Controllers;

public sealed class ReplicaTests
{
    [Fact]
    public async Task A_replication_controller_keeps_its_pods()
    {
        await using var cluster = await StartAsync(nodes: 1, kubelet: true);
        await cluster.Client.CreateAsync(
            new ReplicationController
            {
                Metadata = new ObjectMeta { Name = "web", Namespace = "default" },
                Spec = new ReplicationControllerSpec { Replicas = 2, Selector = { ["app"] = "web" }, Template = Template("web") },
            },
            cluster.Cancellation);
        await cluster.UntilAsync<ReplicationController>("two ready", list => list[0].Status is { ReadyReplicas: 2, Replicas: 2, AvailableReplicas: 2 });
        var lost = (await cluster.PodsAsync("web"))[0];

        await cluster.Client.DeleteAsync<Pod>(NamespacedName.Of(lost), cancellationToken: cluster.Cancellation);

        await cluster.UntilAsync<Pod>("a replacement", pods => pods.Count == 2 && !pods.Exists(pod => pod.Metadata.UID == lost.Metadata.UID));
    }

    [Fact]
    public async Task A_pod_that_no_longer_matches_is_released_and_replaced()
    {
        await using var cluster = await StartAsync(nodes: 1, kubelet: true);
        var set = await cluster.Client.CreateAsync(Set("web", 2), cluster.Cancellation);
        await cluster.UntilAsync<ReplicaSet>("two ready", list => list[0].Status.ReadyReplicas == 2);
        var pod = (await cluster.PodsAsync("web"))[0];

        await cluster.Client.PatchAsync<Pod>(NamespacedName.Of(pod), PatchType.Merge, """{"metadata":{"labels":{"app":"debug"}}}"""u8.ToArray(), cancellationToken: cluster.Cancellation);

        await cluster.UntilAsync<Pod>("release", pods => pods.Exists(item => item.Metadata.UID == pod.Metadata.UID && item.Metadata.OwnerReferences.Count == 0));
        await cluster.UntilAsync<Pod>("replacement", pods => pods.Count(item => item.Metadata.OwnerReferences.Exists(owner => owner.UID == set.Metadata.UID)) == 2);
    }

    [Fact]
    public async Task An_orphan_is_adopted_instead_of_a_pod_created()
    {
        await using var cluster = await StartAsync(nodes: 1, kubelet: true);
        var orphan = await cluster.Client.CreateAsync(
            new Pod { Metadata = new ObjectMeta { Name = "lonely", Namespace = "default", Labels = { ["app"] = "web" } }, Spec = Template("web").Spec }, cluster.Cancellation);
        await cluster.UntilAsync<Pod>("ready", pods => pods[0].Status.Phase == "Running");

        await cluster.Client.CreateAsync(Set("web", 1), cluster.Cancellation);

        await cluster.UntilAsync<ReplicaSet>("ready", list => list[0].Status.ReadyReplicas == 1);
        Assert.Equal(orphan.Metadata.UID, Assert.Single(await cluster.PodsAsync("web")).Metadata.UID);
    }

    [Fact]
    public async Task Creating_many_is_exact()
    {
        await using var cluster = await StartAsync(nodes: 2, kubelet: true);
        await cluster.Client.CreateAsync(Set("web", 60), cluster.Cancellation);

        await cluster.UntilAsync<ReplicaSet>("ready", list => list[0].Status.ReadyReplicas == 60);

        // Events tell of every pod ever created.
        var created = await cluster.UntilAsync<Event>("events", events => events.Count(item => item.Reason == "SuccessfulCreate") >= 60);
        Assert.Equal(60, created.Count(item => item.Reason == "SuccessfulCreate"));
        Assert.Equal(60, (await cluster.PodsAsync("web")).Count);
    }

    [Fact]
    public async Task Pods_that_serve_nobody_go_first()
    {
        await using var cluster = await StartAsync(nodes: 1);
        await cluster.Client.CreateAsync(Set("web", 3), cluster.Cancellation);
        var pods = await cluster.UntilAsync<Pod>("bound", list => list.Count == 3 && list.TrueForAll(pod => pod.Spec.NodeName == "node-1"));
        await cluster.ReportAsync(pods[0], ready: false);
        await cluster.ReportAsync(pods[1], ready: true);
        await cluster.UntilAsync<ReplicaSet>("one ready", list => list[0].Status.ReadyReplicas == 1);

        await cluster.Client.PatchAsync<ReplicaSet>(new NamespacedName("default", "web"), PatchType.Merge, Encoding.UTF8.GetBytes("""{"spec":{"replicas":1}}"""), cancellationToken: cluster.Cancellation);

        var left = await cluster.UntilAsync<Pod>("one", list => list.Count(pod => pod.Metadata.DeletionTimestamp is null) == 1);
        Assert.Equal(pods[1].Metadata.UID, left.Single(pod => pod.Metadata.DeletionTimestamp is null).Metadata.UID);
    }

    private static ReplicaSet Set(string name, int replicas) => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "default" },
        Spec = new ReplicaSetSpec { Replicas = replicas, Selector = new LabelSelector { MatchLabels = { ["app"] = name } }, Template = Template(name) },
    };
}
