using Dataplane.Functional.Sessions;

namespace Dataplane.Functional.Runtimes;

/// <summary>What probes do to a pod, on every runtime there is.</summary>
[Collection(RuntimeCollection.Name)]
public sealed class ProbeWalkTests(RuntimeSessions sessions)
{
    internal const string Manifest = """
        apiVersion: v1
        kind: Pod
        metadata: {name: probed}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - name: lively
            image: IMAGE
            command: [sleep, infinity]
            livenessProbe: {exec: {command: [test, "!", -e, /tmp/dead]}, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 60}
          - name: slow
            image: IMAGE
            command: [sleep, infinity]
            startupProbe: {exec: {command: [test, -e, /tmp/up]}, periodSeconds: 1, failureThreshold: 300, timeoutSeconds: 60}
            livenessProbe: {exec: {command: [test, -e, /tmp/up]}, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 60}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: served, labels: {app: served}}
        spec:
          containers:
          - name: main
            image: IMAGE
            command: [sh, -c, "mkdir /www; exec httpd -f -p 8080 -h /www"]
            ports: [{name: web, containerPort: 8080}]
            readinessProbe: {httpGet: {path: /ready, port: web}, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 60}
            livenessProbe: {tcpSocket: {port: web}, timeoutSeconds: 60}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: served}
        spec: {selector: {app: served}, ports: [{port: 80, targetPort: web}]}
        """;

    [Theory]
    [MemberData(nameof(RuntimeSessions.Runtimes), MemberType = typeof(RuntimeSessions))]
    public async Task AContainerThatIsNotAliveIsStartedAgain(string runtime)
    {
        var session = await sessions.OfAsync(runtime);
        await StateAsync(session, "lively", "true true 0");
        await session.Kubectl.RunAsync("exec", "probed", "-c", "lively", "--", "touch", "/tmp/dead");
        await StateAsync(session, "lively", "true true 1");
        var events = await EventsAsync(session, "Container lively failed liveness probe, will be restarted");
        Assert.Contains("Unhealthy Liveness probe failed: \n", events);
        Assert.Contains("Killing Container lively failed liveness probe, will be restarted\n", events);
    }

    [Theory]
    [MemberData(nameof(RuntimeSessions.Runtimes), MemberType = typeof(RuntimeSessions))]
    public async Task UntilAContainerHasStartedNothingElseIsAsked(string runtime)
    {
        var session = await sessions.OfAsync(runtime);
        await EventsAsync(session, "Startup probe failed");
        await StateAsync(session, "slow", "false false 0");
        await session.Kubectl.RunAsync("exec", "probed", "-c", "slow", "--", "touch", "/tmp/up");
        await StateAsync(session, "slow", "true true 0");
    }

    [Theory]
    [MemberData(nameof(RuntimeSessions.Runtimes), MemberType = typeof(RuntimeSessions))]
    public async Task APodThatIsNotReadyLeavesTheEndpoints(string runtime)
    {
        var session = await sessions.OfAsync(runtime);
        var address = await session.Kubectl.EventuallyAsync(text => text.Length > 0, "get", "pod", "served", "-o", "jsonpath={.status.podIP}");
        await EndpointsAsync(session, $"- {address}");
        Screen.Contains("served 0/1 Running 0 {age}", await session.Kubectl.RunAsync("get", "pod", "served"));

        await session.Kubectl.RunAsync("exec", "served", "--", "touch", "/www/ready");
        await EndpointsAsync(session, $"{address} -");
        await session.Kubectl.RunAsync("exec", "served", "--", "rm", "/www/ready");
        await EndpointsAsync(session, $"- {address}");
        await session.Kubectl.EventuallyAsync(
            text => text.Contains("Readiness probe failed: HTTP probe failed with statuscode: 404", StringComparison.Ordinal), "describe", "pod", "served");
    }

    /// <param name="session">The machine.</param>
    /// <param name="container">One of the pod's.</param>
    /// <param name="wanted">Whether it is ready, whether it has started, and how often again.</param>
    private static Task<string> StateAsync(RuntimeSession session, string container, string wanted)
    {
        var status = $"status.containerStatuses[?(@.name==\"{container}\")]";
        return session.Kubectl.EventuallyAsync(
            text => text == wanted,
            "get", "pod", "probed", "-o", $"jsonpath={{.{status}.ready}} {{.{status}.started}} {{.{status}.restartCount}}");
    }

    private static Task<string> EventsAsync(RuntimeSession session, string wanted) => session.Kubectl.EventuallyAsync(
        text => text.Contains(wanted, StringComparison.Ordinal),
        "get", "events", "--field-selector", "involvedObject.name=probed", "-o", """jsonpath={range .items[*]}{.reason} {.message}{"\n"}{end}""");

    /// <param name="session">The machine.</param>
    /// <param name="wanted">The addresses that are ready and those that are not, - for none.</param>
    private static Task<string> EndpointsAsync(RuntimeSession session, string wanted) => session.Kubectl.EventuallyAsync(
        text => string.Join(' ', text.Split('|').Select(part => part.Length == 0 ? "-" : part)) == wanted,
        "get", "endpoints", "served", "-o", "jsonpath={.subsets[*].addresses[*].ip}|{.subsets[*].notReadyAddresses[*].ip}");
}
