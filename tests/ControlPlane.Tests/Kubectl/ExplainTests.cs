namespace Dataplane.ControlPlane.Tests.Kubectl;

/// <summary>kubectl explain, and the commands that need OpenAPI, with the versions that ask for it in different ways.</summary>
public sealed class ExplainTests(KubectlFixture kubectl) : IClassFixture<KubectlFixture>
{
    public static TheoryData<string> Versions => ["1.27", "1.28", "1.29", "1.30", "1.31", "1.32", "1.33"];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task FieldsAreExplained(string version)
    {
        var field = Words(await kubectl.RunAsync("explain pod.spec.containers.livenessProbe", version: version));
        Assert.Contains("livenessProbe <Probe>", field, StringComparison.Ordinal);
        Assert.Contains("When it fails the container is restarted.", field, StringComparison.Ordinal);
        Assert.Contains("periodSeconds <integer> Seconds between checks. Default: 10.", field.Replace("\n", " ", StringComparison.Ordinal), StringComparison.Ordinal);
        var tree = Words(await kubectl.RunAsync("explain deployments --recursive", version: version));
        Assert.Contains("matchLabels <map[string]string>", tree, StringComparison.Ordinal);
        Assert.Contains("containers <[]Container> -required-", tree, StringComparison.Ordinal);
        Assert.Contains("Keeps a number of pods running", tree, StringComparison.Ordinal);
        Assert.Contains("What a Service should be.", await kubectl.RunAsync("explain service.spec", version: version), StringComparison.Ordinal);
        Assert.Contains("field \"nothing\" does not exist", await kubectl.RunAsync("explain pod.spec.nothing", version: version), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task ApplyCreatesAndMerges(string version)
    {
        var name = "explain-" + version.Replace(".", "-", StringComparison.Ordinal);
        string Service(string ports) => $"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec:\n  ports: {ports}\n";
        Assert.Equal($"service/{name} created\n", await kubectl.RunAsync("apply -f -", Service("[{name: a, port: 1}, {name: b, port: 2}]"), version));
        Assert.Equal($"service/{name} configured\n", await kubectl.RunAsync("apply -f -", Service("[{name: b, port: 2}, {name: c, port: 3}]"), version));
        Assert.Equal("b c", await kubectl.RunAsync($"get service {name} -o jsonpath={{.spec.ports[*].name}}", version: version));
        Assert.Contains("unknown field \"spec.odd\"", await kubectl.RunAsync("apply -f -", Service("[]") + "  odd: 1\n", version), StringComparison.Ordinal);
    }

    private static string Words(string output) =>
        string.Join('\n', output.Split('\n').Select(line => string.Join(' ', line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))));
}
