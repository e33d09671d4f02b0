using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Tests.Controllers;

namespace Dataplane.ControlPlane.Tests.Scheduling;

public sealed class SchedulerTests
{
    [Fact]
    public async Task Replicas_spread_evenly()
    {
        await using var cluster = await TestCluster.StartAsync(nodes: 3);
        await cluster.Client.CreateAsync(TestCluster.Deployment("web", 9), cluster.Cancellation);

        var pods = await cluster.UntilAsync<Pod>("bound", list => list.Count == 9 && list.TrueForAll(pod => !string.IsNullOrEmpty(pod.Spec.NodeName)));

        Assert.Equal([3, 3, 3], pods.GroupBy(pod => pod.Spec.NodeName).Select(group => group.Count()));
        Assert.All(pods, pod => Assert.Contains(pod.Status.Conditions, condition => condition is { Type: "PodScheduled", Status: "True" }));
        var events = await cluster.UntilAsync<Event>("events", list => list.Count(item => item.Reason == "Scheduled") == 9);
        Assert.Contains(events, item => item.Message == $"Successfully assigned default/{pods[0].Metadata.Name} to {pods[0].Spec.NodeName}");
    }

    [Fact]
    public async Task A_pod_that_fits_nowhere_says_why_and_is_placed_when_a_node_comes()
    {
        await using var cluster = await TestCluster.StartAsync(nodes: 2);
        var template = TestCluster.Template("web");
        template.Spec.NodeSelector["disk"] = "ssd";
        await cluster.Client.CreateAsync(new Pod { Metadata = new ObjectMeta { Name = "picky", Namespace = "default" }, Spec = template.Spec }, cluster.Cancellation);

        // The scheduler may hear of the pod before it does of the second node.
        const string Message = "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.";
        await cluster.UntilAsync<Pod>("refused", list => list[0].Status.Conditions.Exists(
            condition => condition is { Type: "PodScheduled", Status: "False", Reason: "Unschedulable", Message: Message }));
        await cluster.UntilAsync<Event>("event", list => list.Exists(item => item is { Reason: "FailedScheduling", Message: Message }));

        await cluster.AddNodeAsync("node-3", node => node.Metadata.Labels["disk"] = "ssd");

        await cluster.UntilAsync<Pod>("bound", list => list[0].Spec.NodeName == "node-3");
    }

    [Fact]
    public async Task Room_is_never_given_twice()
    {
        await using var cluster = await TestCluster.StartAsync();
        await cluster.AddNodeAsync("small", node => node.Status.Allocatable["cpu"] = Quantity.Parse("1"));
        var deployment = TestCluster.Deployment("web", 5);
        deployment.Spec.Template.Spec.Containers[0].Resources.Requests["cpu"] = Quantity.Parse("400m");
        await cluster.Client.CreateAsync(deployment, cluster.Cancellation);

        var pods = await cluster.UntilAsync<Pod>("settled", list => list.Count(pod => pod.Spec.NodeName == "small") == 2
            && list.Count(pod => pod.Status.Conditions.Exists(item => item is { Type: "PodScheduled", Status: "False" })) == 3);
        var bound = pods.First(pod => pod.Spec.NodeName == "small");

        // A pod that goes makes room for one that waits.
        await cluster.Client.DeleteAsync<Pod>(NamespacedName.Of(bound), new DeleteOptions { GracePeriodSeconds = 0 }, cluster.Cancellation);
        await cluster.UntilAsync<Pod>("replaced", list => !list.Exists(pod => pod.Metadata.UID == bound.Metadata.UID) && list.Count(pod => pod.Spec.NodeName == "small") == 2);
    }

    [Fact]
    public async Task Gated_pods_and_those_of_other_schedulers_are_left_alone()
    {
        await using var cluster = await TestCluster.StartAsync(nodes: 1);
        Pod Named(string name, Action<PodSpec> change)
        {
            var spec = TestCluster.Template("web").Spec;
            change(spec);
            return new Pod { Metadata = new ObjectMeta { Name = name, Namespace = "default" }, Spec = spec };
        }

        await cluster.Client.CreateAsync(Named("gated", spec => spec.SchedulingGates.Add(new PodSchedulingGate { Name = "example.com/wait" })), cluster.Cancellation);
        await cluster.Client.CreateAsync(Named("foreign", spec => spec.SchedulerName = "other"), cluster.Cancellation);
        await cluster.Client.CreateAsync(Named("plain", _ => { }), cluster.Cancellation);

        var pods = await cluster.UntilAsync<Pod>("plain bound", list => list.Exists(pod => pod is { Metadata.Name: "plain", Spec.NodeName: "node-1" }));

        Assert.Equal(["foreign", "gated"], pods.Where(pod => string.IsNullOrEmpty(pod.Spec.NodeName)).Select(pod => pod.Metadata.Name).Order());
    }
}
