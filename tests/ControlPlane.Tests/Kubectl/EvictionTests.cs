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
    public async Task A_budget_that_allows_nothing_keeps_its_pod_until_it_does()
    {
        await NodeWithPodAsync("guarded", "kept");
        await kubectl.RunAsync("create poddisruptionbudget kept --selector=app=kept --min-available=1");
        Assert.Contains("The disruption budget kept is still being processed by the server.", await EvictAsync("kept"));

        await BudgetAsync(allowed: 0);
        Assert.Contains("The disruption budget kept needs 1 healthy pods and has 1 currently", await EvictAsync("kept"));
        Assert.Equal("kept", await kubectl.RunAsync("get pod kept -o jsonpath={.metadata.name}"));

        await BudgetAsync(allowed: 1);
        Assert.Contains("\"status\":\"Success\"", await EvictAsync("kept"));
        Assert.Equal("0", await kubectl.RunAsync("get pdb kept -o jsonpath={.status.disruptionsAllowed}"));
        Assert.Matches("^20", await kubectl.RunAsync("get pdb kept -o jsonpath={.status.disruptedPods.kept}"));
    }

    private async Task NodeWithPodAsync(string node, string pod)
    {
        await kubectl.RunAsync("create -f -", $"apiVersion: v1\nkind: Node\nmetadata: {{name: {node}}}\n");
        await kubectl.RunAsync(
            "create -f -",
            $"apiVersion: v1\nkind: Pod\nmetadata: {{name: {pod}, labels: {{app: {pod}}}}}\nspec: {{nodeName: {node}, containers: [{{name: c, image: i}}]}}\n");
        await kubectl.RunAsync($"patch pod {pod} --subresource=status -p {{\"status\":{{\"phase\":\"Running\",\"conditions\":[{{\"type\":\"Ready\",\"status\":\"True\"}}]}}}}");
    }

    private Task<string> BudgetAsync(int allowed) => kubectl.RunAsync(
        $"patch pdb kept --type=merge --subresource=status -p {{\"status\":{{\"observedGeneration\":1,\"disruptionsAllowed\":{allowed},\"currentHealthy\":1,\"desiredHealthy\":1}}}}");

    /// <summary>The whole answer: without -v kubectl shows no causes.</summary>
    private Task<string> EvictAsync(string pod) => kubectl.RunAsync(
        $"create --raw /api/v1/namespaces/default/pods/{pod}/eviction -v=8 -f -",
        $$"""{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"{{pod}}"},"deleteOptions":{"gracePeriodSeconds":0} }""");
}
