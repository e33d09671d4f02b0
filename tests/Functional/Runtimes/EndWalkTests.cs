using Dataplane.TestKit;

namespace Dataplane.Functional.Runtimes;

/// <summary>Pods that are deleted, and pods that cannot start, on every runtime there is.</summary>
[Collection(RuntimeCollection.Name)]
public sealed class EndWalkTests(RuntimeSessions sessions)
{
    internal const string Manifest = """
        apiVersion: v1
        kind: Pod
        metadata: {name: polite}
        spec:
          terminationGracePeriodSeconds: 600
          containers:
          - name: main
            image: IMAGE
            command: [sh, -c, "trap 'echo term >> /host/polite; exit 0' TERM; echo up; while :; do sleep 0.1; done"]
            lifecycle: {preStop: {exec: {command: [sh, -c, "echo hook >> /host/polite; until [ -e /host/go ]; do sleep 0.1; done"]}}}
            volumeMounts: [{name: host, mountPath: /host}, {name: cache, mountPath: /cache}]
          volumes: [{name: host, hostPath: {path: ROOT/host, type: DirectoryOrCreate}}, {name: cache, emptyDir: {}}]
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: deaf}
        spec:
          terminationGracePeriodSeconds: 1
          containers: [{name: main, image: IMAGE, command: [sh, -c, "trap '' TERM; echo up; while :; do sleep 0.1; done"]}]
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: unstartable}
        spec:
          containers:
          - {name: imageless, image: dp.test/nothing:1}
          - {name: programless, image: IMAGE, command: [no-such-program]}
        """;

    [Theory]
    [MemberData(nameof(RuntimeSessions.Runtimes), MemberType = typeof(RuntimeSessions))]
    public async Task APodIsGivenItsTimeAndLeavesNothing(string runtime)
    {
        var session = await sessions.OfAsync(runtime);
        await session.Kubectl.EventuallyAsync(text => text == "up\n", "logs", "polite");
        var uid = await session.UidAsync("polite");
        Assert.NotEmpty(await session.LeftOfAsync(uid));
        await session.Kubectl.RunAsync("delete", "pod", "polite", "--wait=false");
        await session.Kubectl.EventuallyAsync(text => text.Contains("Terminating", StringComparison.Ordinal), "get", "pod", "polite");

        // Its hook says when it may go on.
        var said = Path.Combine(session.Host, "polite");
        await session.EventuallyAsync(() => File.Exists(said) && File.ReadAllText(said) == "hook\n", "the hook has begun");
        await File.WriteAllTextAsync(Path.Combine(session.Host, "go"), "", TestContext.Current.CancellationToken);
        await Eventually.HoldsAsync(
            async () => (await session.Kubectl.TryAsync("get", "pod", "polite")).Error.Contains("(NotFound)", StringComparison.Ordinal), "the pod has gone");
        Assert.Equal("hook\nterm\n", await File.ReadAllTextAsync(said, TestContext.Current.CancellationToken));
        Assert.Empty(await session.LeftOfAsync(uid));
    }

    [Theory]
    [MemberData(nameof(RuntimeSessions.Runtimes), MemberType = typeof(RuntimeSessions))]
    public async Task AContainerThatDoesNotListenIsKilled(string runtime)
    {
        var session = await sessions.OfAsync(runtime);
        await session.Kubectl.EventuallyAsync(text => text == "up\n", "logs", "deaf");
        var uid = await session.UidAsync("deaf");
        Assert.StartsWith("pod \"deaf\" deleted", await session.Kubectl.RunAsync("delete", "pod", "deaf"));
        Assert.Contains("(NotFound)", await session.Kubectl.RefusedAsync("get", "pod", "deaf"));
        Assert.Empty(await session.LeftOfAsync(uid));
    }

    [Theory]
    [MemberData(nameof(RuntimeSessions.Runtimes), MemberType = typeof(RuntimeSessions))]
    public async Task WhatCannotStartSaysWhy(string runtime)
    {
        var session = await sessions.OfAsync(runtime);
        await session.Kubectl.EventuallyAsync(
            text => text is "ErrImagePull" or "ImagePullBackOff",
            "get", "pod", "unstartable", "-o", "jsonpath={.status.containerStatuses[?(@.name==\"imageless\")].state.waiting.reason}");
        const string last = "status.containerStatuses[?(@.name==\"programless\")].lastState.terminated";
        var why = await session.Kubectl.EventuallyAsync(
            text => text.StartsWith("StartError 128 ", StringComparison.Ordinal),
            "get", "pod", "unstartable", "-o", $"jsonpath={{.{last}.reason}} {{.{last}.exitCode}} {{.{last}.message}}");
        Assert.Contains("exec: \"no-such-program\": executable file not found in $PATH", why);
        await session.Kubectl.EventuallyAsync(
            text => text.Contains("Failed to pull image \"dp.test/nothing:1\": ", StringComparison.Ordinal)
                && text.Contains("Back-off restarting failed container programless in pod", StringComparison.Ordinal),
            "describe", "pod", "unstartable");
    }
}
