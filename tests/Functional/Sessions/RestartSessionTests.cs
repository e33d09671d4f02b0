using System.Text.RegularExpressions;

namespace Dataplane.Functional.Sessions;

/// <summary>Restart policies, init containers and liveness probes: what kubectl shows of containers that end.</summary>
[Collection(ClusterCollection.Name)]
public sealed class RestartSessionTests(ClusterFixture cluster)
{
    private const string Namespace = "restarts";

    /// <summary>nginx takes its time on a busy machine.</summary>
    private const string Started = "startupProbe: {tcpSocket: {port: 80}, periodSeconds: 1, failureThreshold: 100}";

    private static readonly string Pods = string.Join("\n---\n",
        Pod("done", "restartPolicy: Never", "exit 0"),
        Pod("failed", "restartPolicy: Never", "exit 3"),
        Pod("second-try", "restartPolicy: OnFailure, volumes: [{name: m, emptyDir: {}}]", "test -e /m/x && exit 0; touch /m/x; exit 1", "volumeMounts: [{name: m, mountPath: /m}]"),
        Pod("crashing", "restartPolicy: Always", "exit 1"),
        Pod("prepared", "initContainers: [{name: first, image: centos, command: [/bin/sh, -c, echo prepared]}]", "exec sleep 600"),
        Pod("unprepared", "restartPolicy: Never, initContainers: [{name: first, image: centos, command: [/bin/sh, -c, exit 4]}]", "exec sleep 600"),
        Pod("waits", "initContainers: [{name: first, image: centos, command: [/bin/sh, -c, exec sleep 600]}, {name: second, image: centos}]", "exec sleep 600"),
        Pod("live-exec", "", "exec sleep 600", "livenessProbe: {exec: {command: [cat, /nowhere]}, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 60}"),
        Pod("live-http", "", "exec nginx -g 'daemon off;'", $"{Started}, livenessProbe: {{httpGet: {{path: /nowhere, port: 80}}, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 60}}"),
        Pod("live-tcp", "", "exec sleep 600", "livenessProbe: {tcpSocket: {port: 81}, periodSeconds: 1, failureThreshold: 1}"),
        Pod("alive", "", "exec nginx -g 'daemon off;'", $"{Started}, livenessProbe: {{httpGet: {{path: /, port: 80}}, periodSeconds: 1, timeoutSeconds: 60}}"));

    /// <summary>Pod, and how its row goes on after the name.</summary>
    private static readonly (string Name, string Row)[] Rows =
    [
        ("done", @"0/1 +Completed +0 "),
        ("failed", @"0/1 +Error +0 "),
        ("second-try", @"0/1 +Completed +1 \("),
        ("crashing", @"0/1 +CrashLoopBackOff +\d+ \(\S+ ago\)"),
        ("prepared", @"1/1 +Running +0 "),
        ("unprepared", @"0/1 +Init:Error +0 "),
        ("waits", @"0/1 +Init:0/2 +0 "),
        ("alive", @"1/1 +Running +0 "),
    ];

    [Fact]
    public async Task EveryEndShowsAndIsFollowedAsThePolicySays()
    {
        await cluster.KubectlAsync("create", "namespace", Namespace);
        var file = await ClusterFixture.WriteManifestAsync(Pods);
        try
        {
            await InAsync("create", "-f", file);
            foreach (var (name, row) in Rows)
            {
                await cluster.EventuallyAsync(text => Regex.IsMatch(text, $@"^{name} +{row}", RegexOptions.Multiline), "get", "pods", "-n", Namespace);
            }

            await ProbeAsync("live-exec", "Liveness probe failed: cat: /nowhere: No such file or directory");
            await ProbeAsync("live-http", "Liveness probe failed: HTTP probe failed with statuscode: 404");
            await ProbeAsync("live-tcp", @"Liveness probe failed: dial tcp 10\.244\.\d+\.\d+:81: connect: connection refused");
            Assert.Equal("0", await InAsync("get", "pod", "alive", "-o", "jsonpath={.status.containerStatuses[0].restartCount}"));
            await cluster.EventuallyAsync(
                text => Regex.IsMatch(text, $@"BackOff .*Back-off restarting failed container crashing in pod crashing_{Namespace}\(\S+\)"),
                "describe", "pod", "crashing", "-n", Namespace);

            var described = await InAsync("describe", "pod", "failed");
            Screen.Contains("Status: Failed", described);
            Screen.Contains("State: Terminated\nReason: Error\nExit Code: 3", described);
            await cluster.EventuallyAsync(
                text => Screen.IsAmong("State: Waiting\nReason: CrashLoopBackOff\nLast State: Terminated\nReason: Error\nExit Code: 1", text),
                "describe", "pod", "crashing", "-n", Namespace);
            Assert.Equal("prepared\n", await InAsync("logs", "prepared", "-c", "first"));
        }
        finally
        {
            File.Delete(file);
            await cluster.KubectlAsync("delete", "namespace", Namespace);
        }
    }

    /// <summary>The event of the failed probe, the one that says what follows, and the restart itself.</summary>
    private async Task ProbeAsync(string pod, string failure)
    {
        await cluster.EventuallyAsync(
            text => Regex.IsMatch(text, $"Warning +Unhealthy .*{failure}") && Regex.IsMatch(text, $"Normal +Killing .*Container {pod} failed liveness probe, will be restarted"),
            "describe", "pod", pod, "-n", Namespace);
        await cluster.EventuallyAsync(
            text => int.Parse(text) > 0, "get", "pod", pod, "-n", Namespace, "-o", "jsonpath={.status.containerStatuses[0].restartCount}");
    }

    private Task<string> InAsync(params string[] arguments) => cluster.KubectlAsync([.. arguments, "-n", Namespace]);

    private static string Pod(string name, string spec, string script, string container = "") => $$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{name}}}
        spec: {terminationGracePeriodSeconds: 1, {{(spec.Length == 0 ? "" : spec + ", ")}}containers: [{name: {{name}}, image: centos, command: [/bin/sh, -c, "{{script}}"]{{(container.Length == 0 ? "" : ", " + container)}}}]}
        """;
}
