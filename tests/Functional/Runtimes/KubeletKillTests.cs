using System.Text.Json.Nodes;

namespace Dataplane.Functional.Runtimes;

/// <summary>The kubelet killed and started again, on every runtime there is: what runs goes on.</summary>
[Collection(RuntimeCollection.Name)]
public sealed class KubeletKillTests(RuntimeSessions sessions)
{
    private const string Manifest = """
        apiVersion: v1
        kind: Pod
        metadata: {name: counter}
        spec:
          restartPolicy: Never
          terminationGracePeriodSeconds: 1
          containers:
          - {name: main, image: IMAGE, command: [sh, -c, "i=0; while :; do echo $i; i=$((i+1)); sleep 0.05; done"]}
          - {name: ends, image: IMAGE, command: [sh, -c, "until [ -e /host/open ]; do sleep 0.05; done; exit 42"], volumeMounts: [{name: host, mountPath: /host}]}
          volumes: [{name: host, hostPath: {path: ROOT/host, type: DirectoryOrCreate}}]
        """;

    [Theory]
    [MemberData(nameof(RuntimeSessions.Runtimes), MemberType = typeof(RuntimeSessions))]
    public async Task ContainersAddressesAndLogsOutliveTheKubelet(string runtime)
    {
        await using var session = await sessions.StartAsync(runtime, "killed-" + runtime, Manifest);
        await session.ReadyAsync("counter");
        await session.Kubectl.EventuallyAsync(text => text.Contains("10\n", StringComparison.Ordinal), "logs", "counter", "-c", "main");
        var before = await PodAsync(session, _ => true);

        // The end that no kubelet sees.
        await session.KillKubeletAsync(() => File.WriteAllTextAsync(Path.Combine(session.Host, "open"), ""));

        var after = await PodAsync(session, pod => Container(pod, "ends")["state"]?["terminated"] is not null);
        Assert.Equal(42, (int?)Container(after, "ends")["state"]!["terminated"]!["exitCode"]);
        Assert.Equal((string?)before["status"]!["podIP"], (string?)after["status"]!["podIP"]);
        foreach (var name in new[] { "containerID", "restartCount" })
        {
            Assert.Equal(Container(before, "main")[name]!.ToJsonString(), Container(after, "main")[name]!.ToJsonString());
        }

        var known = Lines(await session.Kubectl.RunAsync("logs", "counter", "-c", "main")).Length;
        var log = await session.Kubectl.EventuallyAsync(text => Lines(text).Length > known, "logs", "counter", "-c", "main");
        Assert.Equal(Enumerable.Range(0, Lines(log).Length).Select(number => $"{number}"), Lines(log));
        Assert.Equal("inside\n", await session.Kubectl.RunAsync("exec", "counter", "-c", "main", "--", "echo", "inside"));
        await session.Kubectl.RunAsync("delete", "pod", "counter");
        Assert.Empty(await session.LeftOfAsync((string)after["metadata"]!["uid"]!));
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static JsonNode Container(JsonNode pod, string name) =>
        pod["status"]!["containerStatuses"]!.AsArray().Single(one => (string?)one!["name"] == name)!;

    private static async Task<JsonNode> PodAsync(RuntimeSession session, Func<JsonNode, bool> wanted) =>
        JsonNode.Parse(await session.Kubectl.EventuallyAsync(text => wanted(JsonNode.Parse(text)!), "get", "pod", "counter", "-o", "json"))!;
}
