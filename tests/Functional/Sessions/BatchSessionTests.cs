using System.Text.RegularExpressions;

namespace Dataplane.Functional.Sessions;

/// <summary>Jobs, daemon sets and stateful sets with pods that run.</summary>
[Collection(ClusterCollection.Name)]
public sealed class BatchSessionTests(ClusterFixture cluster)
{
    [Fact]
    public async Task AJobRunsToItsEnd()
    {
        await cluster.KubectlAsync("create", "job", "once", "--image=centos", "--", "sh", "-c", "echo it is done");
        try
        {
            Assert.Equal("job.batch/once condition met\n", await cluster.KubectlAsync("wait", "--for=condition=complete", "job/once", "--timeout=60s"));
            Assert.Equal("it is done\n", await cluster.KubectlAsync("logs", "job/once"));
            Assert.Matches(@"once +Complete +1/1 +\d+s", await cluster.KubectlAsync("get", "job", "once"));
            Assert.Matches(@"once-\w+ +0/1 +Completed +0 ", await cluster.KubectlAsync("get", "pods", "-l", "job-name=once"));
        }
        finally
        {
            await cluster.KubectlAsync("delete", "job", "once");
        }

        await cluster.EventuallyAsync(text => text.Length == 0, "get", "pods", "-l", "job-name=once", "-o", "name");
    }

    [Fact]
    public async Task AJobThatFailsSaysWhy()
    {
        await ApplyAsync("""
            apiVersion: batch/v1
            kind: Job
            metadata: {name: fails}
            spec:
              backoffLimit: 0
              template:
                spec:
                  restartPolicy: Never
                  containers: [{name: c, image: centos, command: [sh, -c, exit 3]}]
            """);
        try
        {
            Assert.Equal("job.batch/fails condition met\n", await cluster.KubectlAsync("wait", "--for=condition=failed", "job/fails", "--timeout=60s"));
            Assert.Matches(@"fails +Failed +0/1", await cluster.KubectlAsync("get", "job", "fails"));
            await cluster.EventuallyAsync(text => text.Contains("BackoffLimitExceeded") && text.Contains("/ 1 Failed"), "describe", "job", "fails");
        }
        finally
        {
            await cluster.KubectlAsync("delete", "job", "fails");
        }
    }

    [Fact]
    public async Task PodsOfAnIndexedJobKnowTheirIndex()
    {
        await ApplyAsync("""
            apiVersion: batch/v1
            kind: Job
            metadata: {name: indexed}
            spec:
              completions: 3
              parallelism: 2
              completionMode: Indexed
              template:
                spec:
                  restartPolicy: Never
                  containers: [{name: c, image: centos, command: [sh, -c, 'echo index $JOB_COMPLETION_INDEX of $(hostname)']}]
            """);
        try
        {
            await cluster.KubectlAsync("wait", "--for=condition=complete", "job/indexed", "--timeout=90s");
            Assert.Equal("0-2", await cluster.KubectlAsync("get", "job", "indexed", "-o", "jsonpath={.status.completedIndexes}"));
            var log = await cluster.KubectlAsync("logs", "-l", "job-name=indexed");
            Assert.Equal(
                ["index 0 of indexed-0", "index 1 of indexed-1", "index 2 of indexed-2"], log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
        }
        finally
        {
            await cluster.KubectlAsync("delete", "job", "indexed");
        }
    }

    [Fact]
    public async Task ADaemonSetRunsOnEveryNodeAndIsRestartedOneByOne()
    {
        await ApplyAsync("""
            apiVersion: apps/v1
            kind: DaemonSet
            metadata: {name: agent}
            spec:
              selector: {matchLabels: {app: agent}}
              template:
                metadata: {labels: {app: agent}}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers: [{name: c, image: centos, command: [sleep, "3600"]}]
            """);
        try
        {
            Assert.EndsWith("successfully rolled out\n", await cluster.KubectlAsync("rollout", "status", "ds/agent", "--timeout=60s"));
            Assert.Matches(@"agent +2 +2 +2 +2 +2 +<none> ", await cluster.KubectlAsync("get", "ds", "agent"));
            var before = await PodsAsync();
            Assert.Equal(["node-1", "node-2"], before.Select(pod => pod.Split(' ')[1]).Order());

            await cluster.KubectlAsync("rollout", "restart", "ds/agent");
            Assert.EndsWith("successfully rolled out\n", await cluster.KubectlAsync("rollout", "status", "ds/agent", "--timeout=60s"));
            var after = await PodsAsync();
            Assert.Empty(before.Intersect(after));
            Assert.Equal(["node-1", "node-2"], after.Select(pod => pod.Split(' ')[1]).Order());
        }
        finally
        {
            await cluster.KubectlAsync("delete", "ds", "agent");
        }

        async Task<string[]> PodsAsync() => (await cluster.KubectlAsync(
            "get", "pods", "-l", "app=agent", "-o", "jsonpath={range .items[*]}{.metadata.name} {.spec.nodeName}{\"\\n\"}{end}")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    [Fact]
    public async Task AStatefulSetGivesItsPodsNames()
    {
        await ApplyAsync("""
            apiVersion: v1
            kind: Service
            metadata: {name: peers}
            spec: {clusterIP: None, selector: {app: peer}, ports: [{port: 80}]}
            ---
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: {name: peer}
            spec:
              replicas: 2
              serviceName: peers
              selector: {matchLabels: {app: peer}}
              template:
                metadata: {labels: {app: peer}}
                spec:
                  terminationGracePeriodSeconds: 1
                  containers: [{name: c, image: centos, command: [sleep, "3600"]}]
            """);
        try
        {
            await cluster.KubectlAsync("rollout", "status", "sts/peer", "--timeout=60s");
            Assert.Equal("peer-1\n", await cluster.KubectlAsync("exec", "peer-1", "--", "hostname"));
            var address = await cluster.KubectlAsync("get", "pod", "peer-0", "-o", "jsonpath={.status.podIP}");
            var found = await cluster.EventuallyAsync(text => text.Contains(address), "exec", "peer-1", "--", "getent", "hosts", "peer-0.peers.default.svc.cluster.local");
            Assert.Matches(Regex.Escape(address), found);

            await cluster.KubectlAsync("delete", "pod", "peer-0");
            await cluster.KubectlAsync("rollout", "status", "sts/peer", "--timeout=60s");
            await cluster.KubectlAsync("scale", "sts", "peer", "--replicas=1");
            await cluster.EventuallyAsync(text => text == "pod/peer-0\n", "get", "pods", "-l", "app=peer", "-o", "name");
        }
        finally
        {
            await cluster.KubectlAsync("delete", "sts/peer", "service/peers");
        }
    }

    private async Task ApplyAsync(string manifest)
    {
        var file = await ClusterFixture.WriteManifestAsync(manifest);
        try
        {
            await cluster.KubectlAsync("apply", "-f", file);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
