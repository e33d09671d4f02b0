using Dataplane.Api;
using Dataplane.Kubelet.Tests.Streaming;
using Dataplane.Linux.Namespaces;
using Dataplane.TestKit;
using static Dataplane.Kubelet.Tests.Lifecycle.NodeFixture;

namespace Dataplane.Kubelet.Tests.Lifecycle;

/// <summary>kubectl debug where an engine runs the containers.</summary>
public sealed class DebugOnEngineTests(Engines engines)
{
    [Theory]
    [InlineData("docker")]
    [InlineData("cri")]
    public async Task ATargetsProcessesAreSeenOnATerminalAndNotWithoutATarget(string runtime)
    {
        var socket = runtime == "docker" ? await engines.DockerAsync() : await engines.ContainerdAsync();
        await using var fixture = new EngineNode(engines.Node, runtime, socket);
        await fixture.InitializeAsync();
        var kubectl = new Kubectl(fixture);
        await fixture.CreateAsync(Pod("debugged", new Container { Name = "main", Image = TestImages.Name, Command = ["sleep", "4711"] }));
        await fixture.WaitAsync("debugged", one => one.Status.Conditions.Exists(condition => condition is { Type: "Ready", Status: "True" }));
        const string seen = "ps | grep -q [s]leep.4711 && echo sees || echo alone";
        const string script = "(while :; do " + seen + "; sleep 1; done) & read line; kill $!; echo got $line; exit 5";
        var (_, output) = await kubectl.TypeAsync(
            "sees\r\n", "typed\n", "debug", "-it", "debugged", "--image=" + TestImages.Name, "--target=main", "-c", "debugger", "--", "sh", "-c", script);
        Assert.Contains("got typed\r\n", output);
        await kubectl.RunAsync("", "debug", "debugged", "--image=" + TestImages.Name, "-c", "other", "--", "sh", "-c", seen + "; exec sleep 1000");
        Assert.Equal("alone\n", await fixture.LogWithAsync("debugged", "\n", "?container=other"));
        var pod = await fixture.WaitAsync("debugged", one => one.Status.EphemeralContainerStatuses is [{ State.Terminated.ExitCode: 5, RestartCount: 0 }, { State.Running: not null }]);
        Assert.Equal("Running", pod.Status.Phase);
        await fixture.Client.DeleteAsync<Pod>(new NamespacedName("default", "debugged"));
        await fixture.WaitGoneAsync("debugged");
    }

    /// <summary>A node on the network of the engines.</summary>
    private sealed class EngineNode(NetworkNamespace machine, string runtime, string socket) : NodeFixture
    {
        internal override NetworkNamespace Machine => machine;

        internal override KubeletOptions Change(KubeletOptions options) => options with
        {
            ContainerRuntime = runtime,
            ContainerRuntimeEndpoint = "unix://" + socket,
            PodInfraContainerImage = TestImages.Name,
            Port = 0,
        };
    }
}
