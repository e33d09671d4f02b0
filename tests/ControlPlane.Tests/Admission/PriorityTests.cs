using Dataplane.ControlPlane.Tests.Http;

namespace Dataplane.ControlPlane.Tests.Admission;

public sealed class PriorityTests
{
    private const string Classes = "/apis/scheduling.k8s.io/v1/priorityclasses";

    [Fact]
    public async Task A_pod_gets_the_number_of_its_class()
    {
        await using var server = await RawServer.StartAsync();
        Assert.Equal(2_000_001_000, (int)(await server.GetAsync($"{Classes}/system-node-critical"))["value"]!);
        await server.CreateYamlAsync(Classes, "metadata: {name: high}\nvalue: 1000\npreemptionPolicy: Never");

        Assert.Equal("0 PreemptLowerPriority ", await PriorityAsync("plain", ""));
        Assert.Equal("1000 Never high", await PriorityAsync("high", "priorityClassName: high,"));
        Assert.Equal("2000000000 PreemptLowerPriority system-cluster-critical", await PriorityAsync("system", "priorityClassName: system-cluster-critical,"));
        Assert.Equal("pods \"missing\" is forbidden: no PriorityClass with name none was found", await PriorityAsync("missing", "priorityClassName: none,"));
        Assert.Contains("the integer value of priority (7) must not be provided in pod spec", await PriorityAsync("number", "priority: 7,"));

        await server.CreateYamlAsync(Classes, "metadata: {name: usual}\nvalue: 5\nglobalDefault: true");
        Assert.Equal("5 PreemptLowerPriority usual", await PriorityAsync("default", ""));

        async Task<string> PriorityAsync(string name, string spec)
        {
            var (_, answer) = await server.TryCreateAsync(
                "/api/v1/namespaces/default/pods", $"metadata: {{name: {name}}}\nspec: {{{spec} containers: [{{name: c, image: i}}]}}");
            return (string?)answer["message"] ?? $"{answer["spec"]!["priority"]} {answer["spec"]!["preemptionPolicy"]} {answer["spec"]!["priorityClassName"]}";
        }
    }
}
