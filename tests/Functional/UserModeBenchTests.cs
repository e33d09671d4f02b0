using System.Text.Json;

namespace Dataplane.Functional;

/// <summary>Benches inside a user-mode kernel.</summary>
public sealed class UserModeBenchTests
{
    [Fact]
    public async Task ItsFiguresAreThere()
    {
        if (!File.Exists("/usr/bin/linux.uml"))
        {
            Assert.Skip("user-mode-linux is not installed");
        }

        string[] command = ["bench", "sync", "--user-mode-kernel", "--modes", "ipvs", "--services", "200", "--endpoints", "2", "--changes", "10", "--json"];
        var outcome = await Programs.RunAsync(Programs.Dataplane, command, seconds: 420);
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        var figures = outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.True(figures[^1].GetProperty("done").GetBoolean());
        var ratio = Assert.Single(figures, figure => figure.TryGetProperty("metric", out var metric) && metric.GetString() == "times faster than ipvsadm and ipset");
        Assert.True(ratio.GetProperty("mean").GetDouble() > 0, ratio.ToString());
        var changes = Assert.Single(figures, figure => figure.TryGetProperty("metric", out var metric) && metric.GetString() == "latency");
        Assert.Equal(10, changes.GetProperty("n").GetInt32());
    }
}
