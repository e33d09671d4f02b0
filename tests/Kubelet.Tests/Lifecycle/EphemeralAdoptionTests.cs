using Dataplane.Api;
using Dataplane.Kubelet.Tests.Streaming;
using static Dataplane.Kubelet.Tests.Lifecycle.NodeFixture;

namespace Dataplane.Kubelet.Tests.Lifecycle;

/// <summary>A node whose first agent leaves its pods running.</summary>
public sealed class RestartedNodeFixture : NodeFixture
{
    private int _starts;

    internal override KubeletOptions Change(KubeletOptions options) => options with { RemovePodsOnStop = _starts++ > 0 };
}

/// <summary>Ephemeral containers that an earlier agent has started.</summary>
public sealed class EphemeralAdoptionTests(RestartedNodeFixture fixture) : IClassFixture<RestartedNodeFixture>
{
    private readonly Kubectl _kubectl = new(fixture);

    [Fact]
    public async Task OneThatRunsGoesOnAndOneThatHasEndedIsNotStartedAgain()
    {
        await fixture.CreateAsync(Pod("kept", Shell("main", "exec sleep 1000")));
        await fixture.WaitAsync("kept", one => one.Status.Phase == "Running");
        await _kubectl.RunAsync("", "debug", "kept", "--image=busybox", "-c", "ended", "--", "sh", "-c", "exit 3");
        await _kubectl.RunAsync("", "debug", "kept", "--image=busybox", "-c", "goes-on", "--", "sleep", "1000");
        var before = (await fixture.WaitAsync("kept", one => one.Status.EphemeralContainerStatuses is
            [{ Name: "ended", State.Terminated.ExitCode: 3 }, { Name: "goes-on", State.Running: not null }])).Status.EphemeralContainerStatuses;

        await fixture.RestartAgentAsync();

        // The next one is added by the new agent, which has then looked at the others too.
        await _kubectl.RunAsync("", "debug", "kept", "--image=busybox", "-c", "added", "--", "sleep", "1000");
        var after = (await fixture.WaitAsync("kept", one => one.Status.EphemeralContainerStatuses is [_, _, { Name: "added", State.Running: not null }])).Status.EphemeralContainerStatuses;
        Assert.Equal(before.Select(one => (one.ContainerID, one.RestartCount)), after.Take(2).Select(one => (one.ContainerID, one.RestartCount)));
        Assert.Equal(before[0].State, after[0].State);
        Assert.Equal(before[1].State, after[1].State);
        var exec = await _kubectl.RunAsync("", "exec", "kept", "-c", "goes-on", "--", "sh", "-c", "echo in");
        Assert.Equal((0, "in\n"), (exec.Code, exec.Output));
        await fixture.Client.DeleteAsync<Pod>(new NamespacedName("default", "kept"));
        await fixture.WaitGoneAsync("kept");
    }
}
