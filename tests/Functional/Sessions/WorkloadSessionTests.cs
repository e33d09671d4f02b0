using System.Text.RegularExpressions;

namespace Dataplane.Functional.Sessions;

/// <summary>Replication controllers and Deployments as the walkthroughs use them.</summary>
[Collection(ClusterCollection.Name)]
public sealed class WorkloadSessionTests(ClusterFixture cluster)
{
    [Fact]
    public async Task AReplicationControllerReplacesAPodAndCanLeaveItsPodsBehind()
    {
        Assert.Equal("replicationcontroller/frontend-controller created\n", await cluster.KubectlAsync("create", "-f", ClusterFixture.Manifest("rc.json")));
        await BothReadyAsync();
        Screen.Shows(
            """
            NAME DESIRED CURRENT READY AGE CONTAINERS IMAGES SELECTOR
            frontend-controller 2 2 2 {age} php-redis redis app=frontend
            """,
            await cluster.KubectlAsync("get", "rc", "frontend-controller", "-o", "wide"));
        Screen.Shows(
            """
            NAME READY STATUS RESTARTS AGE
            frontend-controller-{id} 1/1 Running 0 {age}
            frontend-controller-{id} 1/1 Running 0 {age}
            """,
            await cluster.KubectlAsync("get", "pod", "-l", "app=frontend"));
        var pods = await Names("pod", "app=frontend");
        Assert.Equal($"pod \"{pods[0][4..]}\" deleted\n", await cluster.KubectlAsync("delete", pods[0], "--grace-period=1"));
        await BothReadyAsync();
        var replaced = await Names("pod", "app=frontend");
        Assert.Equal(2, replaced.Length);
        Assert.DoesNotContain(pods[0], replaced);
        var described = await cluster.KubectlAsync("describe", "rc", "frontend-controller");
        Screen.Contains("Replicas: 2 current / 2 desired\nPods Status: 2 Running / 0 Waiting / 0 Succeeded / 0 Failed", described);
        Screen.Contains("Normal SuccessfulCreate {any} replication-controller Created pod: frontend-controller-{id}", described);

        Assert.Equal(
            "replicationcontroller \"frontend-controller\" deleted\n", await cluster.KubectlAsync("delete", "rc", "frontend-controller", "--cascade=orphan"));
        Assert.Equal(replaced, await Names("pod", "app=frontend"));
        Assert.Equal("", await cluster.KubectlAsync("get", "pod", "-l", "app=frontend", "-o", "jsonpath={.items[*].metadata.ownerReferences}"));
        await cluster.KubectlAsync("delete", "pod", "-l", "app=frontend", "--grace-period=1");
        Assert.Empty(await Names("pod", "app=frontend"));
    }

    [Fact]
    public async Task ADeploymentIsAppliedScaledWatchedAndDeleted()
    {
        var manifest = await ClusterFixture.WriteManifestAsync("""
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

    private Task<string> BothReadyAsync() => cluster.EventuallyAsync(
        text => Screen.IsShown("NAME DESIRED CURRENT READY AGE\nfrontend-controller 2 2 2 {age}", text), "get", "rc", "frontend-controller");

    private async Task<string[]> Names(string kind, string selector) =>
        (await cluster.KubectlAsync("get", kind, "-l", selector, "-o", "name")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
