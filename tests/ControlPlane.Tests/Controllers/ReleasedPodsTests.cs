using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.ControlPlane.Controllers.Jobs;

namespace Dataplane.ControlPlane.Tests.Controllers;

/// <summary>A job's pod that has lost its finalizer is not taken for one that waits to be counted, however the cache keeps up.</summary>
public sealed class ReleasedPodsTests
{
    [Fact]
    public async Task WhatTheCacheShowsWhileItIsReadIsNotForgottenTooEarly()
    {
        await using var cluster = await TestCluster.StartAsync();
        var released = new ReleasedPods(cluster.Client);
        var before = await cluster.Client.CreateAsync(
            new Pod
            {
                Metadata = new ObjectMeta { Name = "work", Namespace = "default", Finalizers = [JobPod.TrackingFinalizer, "example.com/stays"] },
                Spec = new PodSpec { Containers = [new Container { Name = "main", Image = "none" }] },
            },
            cluster.Cancellation);
        var after = await released.ReleaseAsync(before, cluster.Cancellation);
        Assert.Equal(["example.com/stays"], after.Metadata.Finalizers);
        Assert.Equal(["example.com/stays"], (await cluster.Client.GetAsync<Pod>(NamespacedName.Of(before), cluster.Cancellation)).Metadata.Finalizers);

        // Read is the pod of before; the change comes to the cache before anybody has looked at what was read.
        IEnumerable<Pod> ReadLate()
        {
            released.Seen(new InformerChange<Pod>(InformerChangeType.Updated, before, after));
            return [before];
        }

        Assert.False(JobPod.IsTracked(Assert.Single(released.Over(ReadLate))));
        Assert.True(JobPod.IsTracked(Assert.Single(released.Over(() => [before]))));
    }
}
