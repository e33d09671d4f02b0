using Dataplane.Functional.Sessions;

namespace Dataplane.Functional.Runtimes;

/// <summary>How a node shows what runs its containers.</summary>
[Collection(RuntimeCollection.Name)]
public sealed class NodeWalkTests(RuntimeSessions sessions)
{
    [Theory]
    [InlineData("process", "process")]
    [InlineData("docker", "docker")]
    [InlineData("cri", "containerd")]
    public async Task TheNodeNamesItsRuntimeAndContainersAreIts(string runtime, string scheme)
    {
        var session = await sessions.OfAsync(runtime);
        await session.ReadyAsync("entered");
        Screen.Contains(
            $"node-{runtime} Ready <none> {{age}} {{any}} 127.0.0.1 <none> {{any}} {scheme}://{{any}}", await session.Kubectl.RunAsync("get", "nodes", "-o", "wide"));
        Assert.StartsWith(scheme + "://", await session.Kubectl.RunAsync("get", "pod", "entered", "-o", "jsonpath={.status.containerStatuses[0].containerID}"));
    }
}
