using System.Diagnostics;

namespace Dataplane.Functional.Sessions;

/// <summary>kubectl logs with its options.</summary>
[Collection(ClusterCollection.Name)]
public sealed class LogSessionTests(ClusterFixture cluster)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private const string Manifest = """
        apiVersion: v1
        kind: Pod
        metadata: {name: log-pod}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - {name: one, image: busybox, command: [/bin/sh, -c, "for i in 1 2 3; do echo one-$i; done; until [ -e /go ]; do sleep 0.1; done; echo one-4; sleep 3600"]}
          - {name: two, image: busybox, command: [/bin/sh, -c, "echo two; [ -e /keep/seen ] && sleep 3600; touch /keep/seen; exit 1"], volumeMounts: [{name: keep, mountPath: /keep}]}
          volumes:
          - {name: keep, emptyDir: {}}
        """;

    [Fact]
    public async Task TheLogIsCutFollowedAndToldApartAsAskedFor()
    {
        var file = Path.Combine(Path.GetTempPath(), $"dp-{Guid.NewGuid():N}.yaml");
        await File.WriteAllTextAsync(file, Manifest, TestContext.Current.CancellationToken);
        await cluster.KubectlAsync("create", "-f", file);
        File.Delete(file);
        try
        {
            await cluster.EventuallyAsync(text => text == "one-1\none-2\none-3\n", "logs", "log-pod", "-c", "one");
            await cluster.EventuallyAsync(text => text == "true true 1", "get", "pod", "log-pod", "-o", "jsonpath={.status.containerStatuses[*].ready} {.status.containerStatuses[1].restartCount}");

            var unnamed = await cluster.TryKubectlAsync("logs", "log-pod");
            Assert.Equal(("one-1\none-2\none-3\n", "Defaulted container \"one\" out of: one, two\n"), (unnamed.Output, unnamed.Error));
            Assert.Equal("one-2\none-3\n", await LogsAsync("--tail=2"));
            Assert.Equal("one-1\n", await LogsAsync("--limit-bytes=6"));
            Assert.Equal("one-1\none-2\none-3\n", await LogsAsync("--since=1h"));
            Assert.Equal("", await LogsAsync("--since-time=2100-01-01T00:00:00Z"));
            Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z one-3\n$", await LogsAsync("--tail=1", "--timestamps"));
            Assert.Equal("two\n", await cluster.KubectlAsync("logs", "log-pod", "-c", "two"));
            Assert.Equal("two\n", await cluster.KubectlAsync("logs", "log-pod", "-c", "two", "--previous"));
            var together = await cluster.KubectlAsync("logs", "log-pod", "--all-containers", "--prefix");
            Assert.Equal(["[pod/log-pod/one] one-1", "[pod/log-pod/one] one-2", "[pod/log-pod/one] one-3", "[pod/log-pod/two] two"], together.Trim().Split('\n').Order());

            using var following = Programs.Start("kubectl", ["logs", "log-pod", "-c", "one", "-f", "--tail=1"], cluster.Environment);
            Assert.Equal("one-3", await ReadLineAsync(following));
            await cluster.KubectlAsync("exec", "log-pod", "-c", "one", "--", "touch", "/go");
            Assert.Equal("one-4", await ReadLineAsync(following));
            following.Kill();
            await following.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);
        }
        finally
        {
            await cluster.KubectlAsync("delete", "pod", "log-pod", "--grace-period=1");
        }
    }

    [Fact]
    public async Task WhatCannotBeShownIsSaid()
    {
        var overrides = """{"spec":{"containers":[{"name":"one","image":"busybox","command":["sleep","3600"]},{"name":"two","image":"busybox","command":["sleep","3600"]}]}}""";
        await cluster.KubectlAsync("run", "refused-pod", "--image=busybox", "--restart=Never", $"--overrides={overrides}");
        try
        {
            await cluster.EventuallyAsync(text => text.Contains("Running"), "get", "pod", "refused-pod");
            foreach (var (query, problem) in new[]
            {
                ("", "a container name must be specified for pod refused-pod, choose one of: [one two]"),
                ("?container=nobody", "container nobody is not valid for pod refused-pod"),
                ("?container=one&previous=true", "previous terminated container \"one\" in pod \"refused-pod\" not found"),
                ("?container=one&tailLines=-1", "PodLogOptions \"refused-pod\" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0"),
                ("?container=one&tailLines=x", "strconv.ParseInt: parsing \"x\": invalid syntax"),
                ("?container=one&limitBytes=0", "PodLogOptions \"refused-pod\" is invalid: limitBytes: Invalid value: 0: must be greater than 0"),
                ("?container=one&sinceSeconds=0", "PodLogOptions \"refused-pod\" is invalid: sinceSeconds: Invalid value: 0: must be greater than 0"),
                ("?container=one&sinceSeconds=1&sinceTime=2020-01-01T00:00:00Z", "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"),
            })
            {
                var refused = await cluster.TryKubectlAsync("get", "--raw", "/api/v1/namespaces/default/pods/refused-pod/log" + query);
                Assert.Equal(1, refused.ExitCode);
                Assert.Contains(problem, refused.Error);
            }
        }
        finally
        {
            await cluster.KubectlAsync("delete", "pod", "refused-pod", "--grace-period=1");
        }
    }

    private static Task<string?> ReadLineAsync(Process process) =>
        process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);

    private Task<string> LogsAsync(params string[] options) => cluster.KubectlAsync(["logs", "log-pod", "-c", "one", .. options]);
}
