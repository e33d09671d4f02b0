using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.PodCollection;
using static Dataplane.ControlPlane.Tests.Controllers.TestCluster;

namespace Dataplane.ControlPlane.Tests.Controllers;

public sealed class PodCollectorTests
{
    [Fact]
    public async Task Pods_of_a_node_that_is_gone_are_failed_and_go_after_a_while()
    {
        var time = new ShiftedTime();
        await using var cluster = await StartAsync(nodes: 1, time: time);
        var pod = await cluster.Client.CreateAsync(
            new Pod { Metadata = new ObjectMeta { Name = "lost", Namespace = "default", Finalizers = ["example.com/look"] }, Spec = Template("lost").Spec }, cluster.Cancellation);
        await cluster.UntilAsync<Pod>("bound", list => list[0].Spec.NodeName == "node-1");
        await cluster.Client.DeleteAsync<Node>(new NamespacedName("", "node-1"), cancellationToken: cluster.Cancellation);
        await cluster.UntilAsync<Node>("no node", list => list.Count == 0);

        // One look finds the node missing, a later one that it has been so for long enough.
        var failed = pod;
        while (failed.Status.Phase != "Failed" || failed.Metadata.DeletionTimestamp is null)
        {
            time.Advance(TimeSpan.FromSeconds(21));
            await Task.Delay(20, cluster.Cancellation);
            failed = await cluster.Client.GetAsync<Pod>(NamespacedName.Of(pod), cluster.Cancellation);
        }

        var condition = failed.Status.Conditions.Single(item => item.Type == "DisruptionTarget");
        Assert.Equal(("True", "DeletionByPodGC", "PodGC: node no longer exists"), (condition.Status, condition.Reason, condition.Message));
        Assert.Equal(pod.Metadata.UID, failed.Metadata.UID);
    }

    [Fact]
    public void Of_too_many_ended_pods_the_evicted_and_the_oldest_go()
    {
        Pod[] pods =
        [
            Ended("new", 3, "Succeeded"), Ended("old", 1, "Failed"), Ended("middle", 2, "Succeeded"), Ended("evicted", 9, "Failed", "Evicted"), Ended("running", 0, "Running"),
        ];
        Assert.Equal(["evicted", "old"], PodCollector.Surplus(pods, 2).Select(pod => pod.Metadata.Name));
        Assert.Empty(PodCollector.Surplus(pods, 4));
    }

    private static Pod Ended(string name, int minute, string phase, string? reason = null) => new()
    {
        Metadata = new ObjectMeta { Name = name, CreationTimestamp = DateTimeOffset.UnixEpoch.AddMinutes(minute) },
        Status = new PodStatus { Phase = phase, Reason = reason },
    };
}
