namespace Dataplane.ControlPlane.Tests.Kubectl;

/// <summary>kubectl drain, with and without a disruption budget in its way.</summary>
public sealed class EvictionTests(KubectlFixture kubectl) : IClassFixture<KubectlFixture>
{
    [Fact]
    public async Task Drain_evicts_the_pods_of_a_node()
    {
        await NodeWithPodAsync("drained", "gone");

        var drained = await kubectl.RunAsync("drain drained --force --grace-period=0");

        Assert.Contains("evicting pod default/gone", drained);
        Assert.Contains("node/drained drained", drained);
        Assert.Contains("SchedulingDisabled", await kubectl.RunAsync("get node drained"));
        Assert.Contains("NotFound", await kubectl.RunAsync("get pod gone"));
    }

    [Fact]
    public async Task A_budget_keeps_its_pod_until_another_is_healthy()
    {
        await NodeWithPodAsync("guarded", "kept");
        await kubectl.RunAsync("create poddisruptionbudget kept --selector=app=kept --min-available=1");
        await kubectl.EventuallyAsync("get pdb kept -o jsonpath={.status}", "\"currentHealthy\":1");
        Assert.Contains("The disruption budget kept needs 1 healthy pods and has 1 currently", await EvictAsync("kept"));
        Assert.Equal("kept", await kubectl.RunAsync("get pod kept -o jsonpath={.metadata.name}"));
        var described = await kubectl.RunAsync("describe pdb kept");
        Assert.Matches(@"Allowed disruptions: +0\n +Current: +1\n +Desired: +1\n +Total: +1", described);

        await PodAsync("guarded", "other", "kept");
        await kubectl.EventuallyAsync("get pdb kept -o jsonpath={.status.disruptionsAllowed}", "1");
        Assert.Contains("\"status\":\"Success\"", await EvictAsync("kept"));
        await kubectl.EventuallyAsync("get pdb kept -o jsonpath={.status}", "\"expectedPods\":1");
    }

    [Fact]
    public async Task Drain_waits_for_a_budget()
    {
        await NodeWithPodAsync("busy", "one");
        await kubectl.RunAsync("create poddisruptionbudget one --selector=app=one --min-available=1");
        await kubectl.EventuallyAsync("get pdb one -o jsonpath={.status}", "\"currentHealthy\":1");

        var drained = await kubectl.RunAsync("drain busy --force --grace-period=0 --timeout=3s");

        Assert.Contains("Cannot evict pod as it would violate the pod's disruption budget.", drained);
        Assert.Equal("one", await kubectl.RunAsync("get pod one -o jsonpath={.metadata.name}"));
        await kubectl.RunAsync("patch pdb one --type=merge -p {\"spec\":{\"minAvailable\":0}}");
        await kubectl.EventuallyAsync("get pdb one -o jsonpath={.status.disruptionsAllowed}", "1");
        Assert.Contains("node/busy drained", await kubectl.RunAsync("drain busy --force --grace-period=0 --timeout=60s"));
    }

    [Fact]
    public async Task An_unhealthy_pod_goes_when_its_budget_lets_it()
    {
        await NodeWithPodAsync("sick", "ill");
        await kubectl.RunAsync("patch pod ill --subresource=status -p {\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\"}]}}");
        await kubectl.RunAsync("create poddisruptionbudget ill --selector=app=ill --min-available=1");
        await kubectl.EventuallyAsync("get pdb ill -o jsonpath={.status}", "\"expectedPods\":1");
        Assert.Contains("needs 1 healthy pods and has 0 currently", await EvictAsync("ill"));

        await kubectl.RunAsync("patch pdb ill --type=merge -p {\"spec\":{\"unhealthyPodEvictionPolicy\":\"AlwaysAllow\"}}");
        Assert.Contains("\"status\":\"Success\"", await EvictAsync("ill"));
    }

    private async Task NodeWithPodAsync(string node, string pod)
    {
        await kubectl.RunAsync("create -f -", $"apiVersion: v1\nkind: Node\nmetadata: {{name: {node}}}\n");
        await PodAsync(node, pod, pod);
    }

    private async Task PodAsync(string node, string pod, string app)
    {
        await kubectl.RunAsync(
            "create -f -",
            $"apiVersion: v1\nkind: Pod\nmetadata: {{name: {pod}, labels: {{app: {app}}}}}\nspec: {{nodeName: {node}, containers: [{{name: c, image: i}}]}}\n");
        await kubectl.RunAsync($"patch pod {pod} --subresource=status -p {{\"status\":{{\"phase\":\"Running\",\"conditions\":[{{\"type\":\"Ready\",\"status\":\"True\"}}]}}}}");
    }

    /// <summary>The whole answer: without -v kubectl shows no causes.</summary>
    private Task<string> EvictAsync(string pod) => kubectl.RunAsync(
        $"create --raw /api/v1/namespaces/default/pods/{pod}/eviction -v=8 -f -",
        $$"""{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"{{pod}}"},"deleteOptions":{"gracePeriodSeconds":0} }""");
}
