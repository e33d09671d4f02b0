using System.Text.RegularExpressions;

namespace Dataplane.Functional.Sessions;

/// <summary>Pods, replication controllers, Services and Deployments as the walkthroughs use them.</summary>
[Collection(ClusterCollection.Name)]
public sealed class WorkloadSessionTests(ClusterFixture cluster)
{
    [Fact]
    public async Task TwoContainersShareLocalhostAndTheirLogsAreToldApart()
    {
        await cluster.KubectlAsync("create", "-f", Manifest("two-containers.yaml"));
        try
        {
            await cluster.EventuallyAsync(text => Regex.IsMatch(text, @"my-first-pod +2/2 +Running"), "get", "pods", "my-first-pod");
            Assert.Matches(@"node-[12]", await cluster.KubectlAsync("get", "pods", "my-first-pod", "-o", "wide"));
            await cluster.EventuallyAsync(text => text.Contains("nginx", StringComparison.OrdinalIgnoreCase), "logs", "my-first-pod", "-c", "my-centos", "--tail=40");
            var unnamed = await cluster.TryKubectlAsync("logs", "my-first-pod");
            Assert.Contains("my-nginx", unnamed.Error + unnamed.Output);
        }
        finally
        {
            await cluster.KubectlAsync("delete", "pod", "my-first-pod", "--grace-period=1");
        }
    }

    [Fact]
    public async Task AReplicationControllerReplacesAPodAndCanLeaveItsPodsBehind()
    {
        await cluster.KubectlAsync("create", "-f", Manifest("rc.json"));
        await cluster.EventuallyAsync(text => Regex.IsMatch(text, @"frontend-controller +2 +2 +2 "), "get", "rc", "frontend-controller");
        var pods = await Names("pod", "app=frontend");
        Assert.Equal(2, pods.Length);
        await cluster.KubectlAsync("delete", pods[0], "--grace-period=1");
        await cluster.EventuallyAsync(text => Regex.IsMatch(text, @"frontend-controller +2 +2 +2 "), "get", "rc", "frontend-controller");
        var replaced = await Names("pod", "app=frontend");
        Assert.Equal(2, replaced.Length);
        Assert.DoesNotContain(pods[0], replaced);

        await cluster.KubectlAsync("delete", "rc", "frontend-controller", "--cascade=orphan");
        Assert.Equal(replaced, await Names("pod", "app=frontend"));
        await cluster.KubectlAsync("delete", "pod", "-l", "app=frontend", "--grace-period=1");
        Assert.Empty(await Names("pod", "app=frontend"));
    }

    [Fact]
    public async Task AnExposedPodAnswersOnItsClusterIPFromTheNode()
    {
        await cluster.KubectlAsync("run", "nginx-pod", "--image=nginx", "--port=80", "--restart=Never", "--labels=app=nginx-pod");
        try
        {
            await cluster.EventuallyAsync(text => text.Contains("Running"), "get", "pod", "nginx-pod");
            await cluster.KubectlAsync("expose", "pod", "nginx-pod", "--port=8000", "--target-port=80", "--name=service-pod");
            var address = await cluster.KubectlAsync("get", "service", "service-pod", "-o", "jsonpath={.spec.clusterIP}");
            await cluster.EventuallyAsync(text => text.Contains(":80"), "get", "endpoints", "service-pod");
            var page = await CurlAsync("dp-node-1", $"http://{address}:8000/");
            Assert.Contains("nginx", page, StringComparison.OrdinalIgnoreCase);
        }
        finally
        {
            await cluster.TryKubectlAsync("delete", "service", "service-pod");
            await cluster.KubectlAsync("delete", "pod", "nginx-pod", "--grace-period=1");
        }
    }

    [Fact]
    public async Task ANodePortAnswersFromOutsideTheCluster()
    {
        await cluster.KubectlAsync("create", "-f", Manifest("rc-nodeport.yaml"));
        try
        {
            await cluster.EventuallyAsync(text => Regex.IsMatch(text, @"nginx +3 +3 +3 "), "get", "rc", "nginx");
            await cluster.KubectlAsync("expose", "rc", "nginx", "--name=service-nodeport", "--type=NodePort", "--port=80");
            var description = await cluster.EventuallyAsync(
                text => Regex.IsMatch(text, @"Endpoints: +[\d.]+:80,[\d.]+:80,[\d.]+:80"), "describe", "svc", "service-nodeport");
            var port = int.Parse(Regex.Match(description, @"NodePort: +\S+ +(\d+)/TCP").Groups[1].Value);
            Assert.InRange(port, 30000, 32767);
            foreach (var node in new[] { "172.30.0.11", "172.30.0.12" })
            {
                Assert.Contains("200", await CurlAsync("dp-client", "-I", $"http://{node}:{port}/"));
            }
        }
        finally
        {
            await cluster.TryKubectlAsync("delete", "service", "service-nodeport");
            await cluster.KubectlAsync("delete", "rc", "nginx");
        }
    }

    [Fact]
    public async Task ADeploymentIsAppliedScaledWatchedAndDeleted()
    {
        var manifest = Path.Combine(Path.GetTempPath(), $"dp-{Guid.NewGuid():N}.yaml");
        await File.WriteAllTextAsync(manifest, """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: sleeper}
            spec:
              replicas: 1
              selector: {matchLabels: {app: sleeper}}
              template:
                metadata: {labels: {app: sleeper}}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers: [{name: sleeper, image: centos, command: [sleep, "3600"]}]
            """);
        try
        {
            Assert.Contains("created", await cluster.KubectlAsync("apply", "-f", manifest));
            Assert.Contains("unchanged", await cluster.KubectlAsync("apply", "-f", manifest));
            await cluster.EventuallyAsync(text => Regex.IsMatch(text, @"sleeper +1/1 +1 +1 "), "get", "deployment", "sleeper");
            await cluster.KubectlAsync("scale", "deployment", "sleeper", "--replicas=3");
            await cluster.KubectlAsync("rollout", "status", "deployment/sleeper", "--timeout=60s");
            var described = await cluster.KubectlAsync("describe", "deployment", "sleeper");
            Assert.Contains("3 desired | 3 updated | 3 total | 3 available | 0 unavailable", described);
            await cluster.KubectlAsync("apply", "-f", manifest);
            await cluster.EventuallyAsync(text => Regex.IsMatch(text, @"sleeper +1/1 +1 +1 "), "get", "deployment", "sleeper");
        }
        finally
        {
            await cluster.KubectlAsync("delete", "deployment", "sleeper");
            await cluster.EventuallyAsync(text => text.Trim().Length == 0, "get", "pods", "-l", "app=sleeper", "-o", "name");
            File.Delete(manifest);
        }
    }

    private async Task<string[]> Names(string kind, string selector) =>
        (await cluster.KubectlAsync("get", kind, "-l", selector, "-o", "name")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static async Task<string> CurlAsync(string networkNamespace, params string[] arguments)
    {
        var outcome = await Programs.RunAsync("ip", ["netns", "exec", networkNamespace, "curl", "-sS", "--max-time", "10", .. arguments]);
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        return outcome.Output;
    }

    private static string Manifest(string name) => Path.Combine(ClusterFixture.Manifests, name);
}
