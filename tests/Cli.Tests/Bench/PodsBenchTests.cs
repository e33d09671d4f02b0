using System.Text.Json.Nodes;
using Dataplane.Cli.Bench;
using Dataplane.Cli.Bench.Pods;
using Dataplane.Linux.Namespaces;
using Dataplane.TestKit;

namespace Dataplane.Cli.Tests.Bench;

public sealed class PodsBenchTests
{
    [Fact]
    public async Task TheNetworkIsMeasuredBesideThePluginsAndNothingIsLeft()
    {
        Tools.RequireRoot();
        Assert.SkipUnless(File.Exists("/usr/lib/cni/bridge"), "containernetworking-plugins is not installed");
        var output = new StringWriter();
        var plan = new PodsBenchPlan { Cases = ["network"], Pods = 3 }.Checked();
        await new NetworkComparison(plan, new BenchReport("pods", json: true, output)).RunAsync(TestContext.Current.CancellationToken);
        var figures = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToArray();
        foreach (var subject in (string[])["dataplane", "dataplane-ptp", "bridge+host-local"])
        {
            foreach (var metric in (string[])["ADD", "DEL"])
            {
                var figure = Assert.Single(figures, one => $"{one["subject"]}" == subject && $"{one["metric"]}" == metric);
                Assert.Equal(("pods", "network", 3), ($"{figure["suite"]}", $"{figure["case"]}", figure["n"]!.GetValue<int>()));
                Assert.True(figure["p50"]!.GetValue<double>() > 0);
            }
        }

        Assert.Empty(NetworkNamespace.Names("dp-bench-pods-"));
    }

    [Theory]
    [InlineData("walk", 250, "--cases: \"walk\": known are network, burst, cycles")]
    [InlineData("network", 0, "--pods must be 1 to 1000, --burst 1 to 500, --cycles 0 or more")]
    public void APlanThatIsNoneIsRefused(string @case, int pods, string problem) =>
        Assert.Equal(problem, Assert.Throws<UserErrorException>(() => new PodsBenchPlan { Cases = [@case], Pods = pods }.Checked()).Message);
}
