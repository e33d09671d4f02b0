using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Dataplane.Functional.Sessions;

/// <summary>kubectl top over a cluster whose kubelets measure.</summary>
[Collection(ClusterCollection.Name)]
public sealed class TopSessionTests(ClusterFixture cluster)
{
    public static TheoryData<string> Versions => KubectlVersions.Streaming;

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task NodesAndPodsAreShownByWhatTheyUse(string version)
    {
        var kubectl = KubectlVersions.Require(version);
        var ns = $"top-{version.Replace('.', '-')}";
        await cluster.KubectlAsync("create", "namespace", ns);
        try
        {
            await StartAsync(ns, "busy", "while :; do :; done", "sleep 1000");
            await StartAsync(ns, "idle", "sleep 1000");
            await cluster.KubectlAsync("wait", "--for=condition=Ready", "pod", "--all", "-n", ns, "--timeout=60s");

            var nodes = await ShowsAsync(kubectl, text => text.Split('\n').Count(line => line.StartsWith("node-", StringComparison.Ordinal) && !line.Contains("<unknown>", StringComparison.Ordinal)) == 2, "top", "nodes");
            Assert.Matches(@"^NAME +CPU\(cores\) +CPU[%(].* +MEMORY\(bytes\) +MEMORY[%(]", nodes);
            Assert.Matches(@"\nnode-1 +\d+m +\d+% +\d+Mi +\d+% *\n", nodes);
            Assert.Matches(@"^node-2 +\d+m +\d+% +\d+Mi +\d+% *\n$", await ShowsAsync(kubectl, text => text.Length > 0, "top", "node", "node-2", "--no-headers"));

            await ShowsAsync(kubectl, text => Regex.IsMatch(text, @"^NAME +CPU\(cores\) +MEMORY\(bytes\) *\nbusy +[1-9]\d*m +\d+Mi *\nidle +\dm +\d+Mi *\n$"), "top", "pods", "-n", ns, "--sort-by=cpu");
            await ShowsAsync(
                kubectl,
                text => Regex.IsMatch(text, @"^POD +NAME +CPU\(cores\) +MEMORY\(bytes\) *\nbusy +main +[1-9]\d*m +\d+Mi *\nbusy +side +\dm +\d+Mi *\n$"),
                "top", "pods", "-n", ns, "--containers", "-l", "app=busy", "--sort-by=cpu");
            await ShowsAsync(kubectl, text => Regex.IsMatch(text, @"\n +_+ +_+ *\n +\d+m +\d+Mi *\n$"), "top", "pods", "-n", ns, "--sum");
            await ShowsAsync(kubectl, text => Regex.IsMatch(text, $@"^NAMESPACE +NAME +CPU\(cores\)[^$]*\n{ns} +busy ", RegexOptions.None), "top", "pods", "-A");
            await ShowsAsync(kubectl, text => Regex.IsMatch(text, @"^idle +\dm +\d+Mi *\n$"), "top", "pod", "idle", "-n", ns, "--no-headers");

            var missing = await Programs.RunAsync(kubectl, ["top", "pod", "nothing", "-n", ns], cluster.Environment);
            Assert.Contains("Error from server (NotFound): pods \"nothing\" not found", missing.Error);
            var none = await Programs.RunAsync(kubectl, ["top", "pods", "-n", ns, "-l", "app=none"], cluster.Environment);
            Assert.Contains($"No resources found in {ns} namespace.", none.Error);
        }
        finally
        {
            await cluster.TryKubectlAsync("delete", "namespace", ns, "--wait=false");
        }
    }

    private async Task StartAsync(string ns, string name, string command, string? side = null)
    {
        var manifest = await ClusterFixture.WriteManifestAsync(
            $$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: {{name}}, namespace: {{ns}}, labels: {app: {{name}} } }
            spec:
              terminationGracePeriodSeconds: 0
              containers:
              - {name: main, image: centos, command: [sh, -c, "{{command}}"], resources: {limits: {cpu: 200m} } }
            {{(side is null ? "" : $"  - {{name: side, image: centos, command: [sh, -c, \"{side}\"]}}")}}
            """);
        try
        {
            await cluster.KubectlAsync("create", "-f", manifest);
        }
        finally
        {
            File.Delete(manifest);
        }
    }

    /// <summary>
    /// Asks until the answer is as wanted, for two minutes at most: a pod is measured from the second answer of its kubelet on, and those are
    /// a quarter of a minute apart. kubectl fails as long as a pod has none.
    /// </summary>
    private async Task<string> ShowsAsync(string kubectl, Func<string, bool> wanted, params string[] arguments)
    {
        var started = Stopwatch.StartNew();
        while (true)
        {
            var outcome = await Programs.RunAsync(kubectl, arguments, cluster.Environment);
            if (outcome.ExitCode == 0 && wanted(outcome.Output))
            {
                return outcome.Output;
            }

            Assert.True(started.Elapsed < TimeSpan.FromSeconds(120), $"{kubectl} {string.Join(' ', arguments)}: last {outcome}\n--- cluster\n{cluster.Log}");
            await Task.Delay(500, TestContext.Current.CancellationToken);
        }
    }
}
