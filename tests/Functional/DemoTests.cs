using System.Text.Json;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Functional;

/// <summary>The demo and the life of `up`, each with the machine looked at before and after.</summary>
public sealed class DemoTests
{
    [Fact]
    public async Task EveryCellOfTheDemoIsOk()
    {
        var outcome = await Programs.RunAsync(Programs.Dataplane, ["demo", "--json"], seconds: 180);
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        using var report = JsonDocument.Parse(outcome.Output);
        var root = report.RootElement;
        Assert.True(root.GetProperty("ok").GetBoolean());
        Assert.Equal(2, root.GetProperty("nodes").GetInt32());
        Assert.Equal(["nftables", "userspace"], root.GetProperty("modes").EnumerateArray().Select(mode => mode.GetProperty("mode").GetString()));
        foreach (var mode in root.GetProperty("modes").EnumerateArray())
        {
            Assert.All(["clusterIP", "nodePort", "dns", "headless"], cell => Assert.Equal("ok", mode.GetProperty(cell).GetString()));
            Assert.Equal(0, mode.GetProperty("errors").GetInt64());
            Assert.All(["requests", "p50Us", "p99Us", "programUs"], figure => Assert.True(mode.GetProperty(figure).GetDouble() > 0, figure));
        }

        Assert.Empty(Left());
    }

    [Fact]
    public async Task AKilledClusterIsClearedAwayByDown()
    {
        var directory = Directory.CreateTempSubdirectory("dp-killed-").FullName;
        try
        {
            var mountsBefore = Mounts();
            using (var cluster = Programs.Start(Programs.Dataplane, ["up", "--nodes", "2", "--data-dir", directory, "--api-port", "0"]))
            {
                _ = cluster.StandardOutput.ReadToEndAsync();
                using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
                string? line;
                do
                {
                    line = await cluster.StandardError.ReadLineAsync(deadline.Token);
                    Assert.NotNull(line);
                }
                while (!line.Contains("nodes Ready", StringComparison.Ordinal));

                cluster.Kill();
                await cluster.WaitForExitAsync(deadline.Token);
            }

            Assert.NotEmpty(Left());
            var down = await Programs.RunAsync(Programs.Dataplane, ["down", "--data-dir", directory]);
            Assert.True(down.ExitCode == 0, down.ToString());
            Assert.Empty(Left());
            Assert.Equal(mountsBefore, Mounts());
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static IEnumerable<string> Left() =>
        NetworkNamespace.Names("dp-").Where(name => !name.StartsWith("dp-t-", StringComparison.Ordinal))
            .Concat(Directory.EnumerateDirectories("/sys/class/net", "dp-*"));

    private static List<string> Mounts() =>
        [.. File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' ')[4]).Where(mount => mount.Contains("dp-", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
