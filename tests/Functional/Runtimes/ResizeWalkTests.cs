namespace Dataplane.Functional.Runtimes;

/// <summary>kubectl patch --subresource resize, on every runtime there is.</summary>
[Collection(RuntimeCollection.Name)]
public sealed class ResizeWalkTests(RuntimeSessions sessions)
{
    internal const string Manifest = """
        apiVersion: v1
        kind: Pod
        metadata: {name: resized}
        spec:
          containers:
          - {name: main, image: IMAGE, command: [sleep, infinity], resources: {limits: {cpu: 200m, memory: 64Mi}, requests: {cpu: 10m, memory: 16Mi}}}
        """;

    [Theory]
    [MemberData(nameof(RuntimeSessions.Runtimes), MemberType = typeof(RuntimeSessions))]
    public async Task AContainerIsResizedAndNotRestarted(string runtime)
    {
        var session = await sessions.OfAsync(runtime);
        await session.ReadyAsync("resized");
        await session.Kubectl.RunAsync(Patch("{\"cpu\":\"300m\",\"memory\":\"96Mi\"}"));
        await session.Kubectl.EventuallyAsync(
            text => text == "300m 96Mi 0", "get", "pod", "resized", "-o",
            "jsonpath={.status.containerStatuses[0].resources.limits.cpu} {.status.containerStatuses[0].resources.limits.memory} {.status.containerStatuses[0].restartCount}");
        var refused = await session.Kubectl.RefusedAsync(Patch("{\"memory\":\"32Mi\"}"));
        Assert.Contains("memory limits cannot be decreased unless resizePolicy is RestartContainer", refused, StringComparison.Ordinal);
    }

    private static string[] Patch(string limits) =>
        ["patch", "pod", "resized", "--subresource", "resize", "-p", $"{{\"spec\":{{\"containers\":[{{\"name\":\"main\",\"resources\":{{\"limits\":{limits}}}}}]}}}}"];
}
