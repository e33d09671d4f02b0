using Dataplane.Kubelet.Runtimes;
using Dataplane.Kubelet.Runtimes.Cri;
using Dataplane.Kubelet.Runtimes.Docker;
using Dataplane.TestKit;

namespace Dataplane.Kubelet.Tests.Runtimes;

/// <summary>hostNetwork with an engine that does not run in the node's network.</summary>
public sealed class EngineNetworkTests(Engines engines) : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("dp-t-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("docker")]
    [InlineData("cri")]
    public async Task TheNetworkOfAnotherNodeIsNotTaken(string name)
    {
        await using IContainerRuntime runtime = name == "docker"
            ? new DockerRuntime(new DockerRuntimeOptions(await engines.DockerAsync(), "node-elsewhere", TestImages.Name), TimeProvider.System)
            : new CriRuntime(await engines.ContainerdAsync(), "node-elsewhere", null, TimeProvider.System);
        var pod = new PodIdentity(Guid.NewGuid().ToString(), "default", "misplaced");
        var refused = await Assert.ThrowsAsync<IOException>(() => runtime.StartSandboxAsync(
            new SandboxRequest { Pod = pod, Hostname = "misplaced", HostNetwork = true, LogDirectory = Path.Combine(_root, "logs") }, default));
        Assert.Contains("start the engine in the node's network namespace", refused.Message);

        // Nothing of it is left.
        Assert.DoesNotContain(await runtime.ListAsync(default), one => one.Uid == pod.Uid);
    }
}
