namespace Dataplane.ControlPlane.Tests.Kubectl;

/// <summary>Objects and nodes changed in place through the real kubectl.</summary>
public sealed class ChangeSessionTests(KubectlFixture kubectl) : IClassFixture<KubectlFixture>
{
    [Fact]
    public async Task An_object_is_compared_and_replaced()
    {
        Assert.Equal("configmap/c created\n", await kubectl.RunAsync("create configmap c --from-literal=key=one"));
        var changed = """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"key":"two"}}""";

        var difference = await kubectl.RunAsync("diff -f -", changed);
        Assert.Contains("\n-  key: one\n+  key: two\n", difference);
        Assert.Equal("one", await kubectl.RunAsync("get configmap c -o jsonpath={.data.key}"));

        Assert.Equal("configmap/c replaced\n", await kubectl.RunAsync("replace -f -", changed));
        Assert.Equal("two", await kubectl.RunAsync("get configmap c -o jsonpath={.data.key}"));
    }

    /// <summary>kubectl learns from the server's schema that another strategy keeps nothing of the old one.</summary>
    [Fact]
    public async Task Another_strategy_and_another_volume_are_applied()
    {
        const string before = """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: rk}
            spec:
              selector: {matchLabels: {app: rk}}
              template:
                metadata: {labels: {app: rk}}
                spec: {containers: [{name: c, image: i}], volumes: [{name: v, emptyDir: {}}]}
            """;
        Assert.Equal("deployment.apps/rk created\n", await kubectl.RunAsync("apply -f -", before));
        var after = before.Replace("spec:\n  selector", "spec:\n  strategy: {type: Recreate}\n  selector", StringComparison.Ordinal)
            .Replace("emptyDir: {}", "hostPath: {path: /tmp}", StringComparison.Ordinal);
        Assert.Equal("deployment.apps/rk configured\n", await kubectl.RunAsync("apply -f -", after));
        Assert.Equal("{\"type\":\"Recreate\"}", await kubectl.RunAsync("get deployment rk -o jsonpath={.spec.strategy}"));
        Assert.Equal("{\"path\":\"/tmp\",\"type\":\"\"}", await kubectl.RunAsync("get deployment rk -o jsonpath={.spec.template.spec.volumes[0].hostPath}"));
    }

    [Fact]
    public async Task A_scale_is_shown_as_a_table()
    {
        await kubectl.RunAsync("create deployment scaled --image=i --replicas=3");
        Assert.Matches(@"^NAME +DESIRED +AVAILABLE +AGE\nscaled +3 +\d +\S+\n$", await kubectl.RunAsync("get deployment scaled --subresource=scale"));
    }

    [Fact]
    public async Task A_node_is_tainted_and_cordoned()
    {
        Assert.Equal("node/n created\n", await kubectl.RunAsync("create -f -", """{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"}}"""));

        Assert.Equal("node/n tainted\n", await kubectl.RunAsync("taint node n dedicated=db:NoSchedule"));
        Assert.Equal(
            "error: node n already has dedicated taint(s) with same effect(s) and --overwrite is false\n",
            await kubectl.RunAsync("taint node n dedicated=web:NoSchedule"));
        Assert.Equal("node/n modified\n", await kubectl.RunAsync("taint node n dedicated=web:NoSchedule --overwrite"));
        Assert.Equal("web", await kubectl.RunAsync("get node n -o jsonpath={.spec.taints[?(@.key==\"dedicated\")].value}"));
        Assert.Equal("node/n untainted\n", await kubectl.RunAsync("taint node n dedicated-"));

        Assert.Equal("node/n cordoned\n", await kubectl.RunAsync("cordon n"));
        Assert.Contains("SchedulingDisabled", await kubectl.RunAsync("get node n"));
        Assert.Equal("node/n already cordoned\n", await kubectl.RunAsync("cordon n"));
        Assert.Equal("node/n uncordoned\n", await kubectl.RunAsync("uncordon n"));
        Assert.Equal("node \"n\" deleted\n", await kubectl.RunAsync("delete node n"));
    }

    [Fact]
    public async Task There_are_no_events_at_first() =>
        Assert.Equal("No events found in quiet namespace.\n", await kubectl.RunAsync("events -n quiet"));
}
