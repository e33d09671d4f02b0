namespace Dataplane.Functional.Runtimes;

/// <summary>kubectl port-forward, on every runtime there is.</summary>
[Collection(RuntimeCollection.Name)]
public sealed class PortForwardWalkTests(RuntimeSessions sessions)
{
    /// <summary>What listens does so on the pod's loopback only.</summary>
    internal const string Manifest = """
        apiVersion: v1
        kind: Pod
        metadata: {name: forwarded}
        spec:
          containers:
          - name: main
            image: IMAGE
            command: [sh, -c, "mkdir /www; head -c 5000000 /dev/urandom > /www/big; echo page > /www/index.html; exec httpd -f -p 127.0.0.1:8080 -h /www"]
            readinessProbe: {exec: {command: [grep, -q, ":1F90 ", /proc/net/tcp]}, periodSeconds: 1, timeoutSeconds: 60}
        """;

    [Theory]
    [MemberData(nameof(RuntimeSessions.Runtimes), MemberType = typeof(RuntimeSessions))]
    public async Task APodsPortAnswersAndAClosedOneSaysSo(string runtime)
    {
        var session = await sessions.OfAsync(runtime);
        await session.ReadyAsync("forwarded");
        await using (var forward = await StartAsync(session, "8080"))
        {
            var pages = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => session.OnMachineAsync("curl", "-sS", "--max-time", "30", $"{forward.Address}")));
            Assert.All(pages, page => Assert.Equal("page\n", page.Output));
            var file = Path.GetTempFileName();
            await session.OnMachineAsync("curl", "-sS", "--max-time", "30", "-o", file, $"{forward.Address}big");
            var (here, there) = (await session.OnMachineAsync("sha256sum", file), await session.Kubectl.RunAsync("exec", "forwarded", "--", "sha256sum", "/www/big"));
            File.Delete(file);
            Assert.Equal(there.Split(' ')[0], here.Output.Split(' ')[0]);
        }

        await using var closed = await StartAsync(session, "81");
        Assert.NotEqual(0, (await session.OnMachineAsync("curl", "-sS", "--max-time", "30", $"{closed.Address}")).ExitCode);
        Assert.Matches(
            "error forwarding port 81 to pod forwarded, uid .*: failed to connect to localhost:81 inside namespace .*connection refused", await closed.EndAsync());
    }

    private static Task<PortForward> StartAsync(RuntimeSession session, string port) =>
        PortForward.StartAsync(session.Kubectl.Command, "pod/forwarded", port, session.Kubectl.Environment);
}
