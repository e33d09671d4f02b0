using Dataplane.Api;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Kubelet.Tests.Lifecycle;

/// <summary>A manifest in the node's directory: it runs, is shown on the server, and ends with its file only.</summary>
public sealed class StaticPodTests(NodeFixture fixture) : IClassFixture<NodeFixture>
{
    private const string Name = "web-node-t";

    [Fact]
    public async Task AStaticPodOutlivesItsMirrorAndFollowsItsFile()
    {
        var file = Path.Combine(fixture.Manifests, "web.yaml");
        await File.WriteAllTextAsync(Path.Combine(fixture.Manifests, "broken.yaml"), "kind: [", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(file, Manifest("first"), TestContext.Current.CancellationToken);

        var mirror = await fixture.WaitAsync(Name, IsRunning, mayBeAbsent: true);
        Assert.Equal("first\n", await fixture.LogWithAsync(Name, "first\n"));
        var hash = mirror.Metadata.Annotations["kubernetes.io/config.mirror"];
        Assert.Equal(("Node", NodeFixture.NodeName), mirror.Metadata.OwnerReferences.Select(owner => (owner.Kind, owner.Name)).Single());
        var container = mirror.Status.ContainerStatuses.Single().ContainerID;

        await fixture.Client.DeleteAsync<Pod>(NamespacedName.Of(mirror));
        var again = await fixture.WaitAsync(Name, one => one.Metadata.UID != mirror.Metadata.UID && IsRunning(one), mayBeAbsent: true);
        Assert.Equal(container, again.Status.ContainerStatuses.Single().ContainerID);
        Assert.Equal(hash, again.Metadata.Annotations["kubernetes.io/config.mirror"]);

        // The first takes its grace to end, and the second's mirror is there before the second is.
        await File.WriteAllTextAsync(file, Manifest("second"), TestContext.Current.CancellationToken);
        await fixture.WaitAsync(Name, one => one.Metadata.Annotations["kubernetes.io/config.mirror"] != hash && IsRunning(one), mayBeAbsent: true);
        Assert.Equal("second\n", await fixture.LogWithAsync(Name, "second\n"));

        File.Delete(file);
        await fixture.WaitGoneAsync(Name);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (fixture.Agent.HasPod(new NamespacedName("default", Name)))
        {
            await Task.Delay(20, limit.Token);
        }

        Assert.Empty(NetworkNamespace.Names("dp-pod-" + hash[..8]));
    }

    private static bool IsRunning(Pod pod) => pod.Status.ContainerStatuses is [{ State.Running: not null }];

    private static string Manifest(string text) => $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: web}
        spec:
          terminationGracePeriodSeconds: 3
          containers: [{name: main, image: busybox, command: [/bin/sh, -c, "echo {{text}}; exec sleep 1000"]}]
        """;
}
