using System.Diagnostics;
using System.Text.Json;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Functional;

/// <summary>The demo and the life of `up`, each with the machine looked at before and after.</summary>
public sealed class DemoTests
{
    [Fact]
    public async Task EveryCellOfTheDemoIsOk()
    {
        var outcome = await Programs.RunAsync(Programs.Dataplane, ["demo", "--modes", "nftables,iptables,userspace", "--json"], seconds: 300);
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        using var report = JsonDocument.Parse(outcome.Output);
        var root = report.RootElement;
        Assert.True(root.GetProperty("ok").GetBoolean());
        Assert.Equal(2, root.GetProperty("nodes").GetInt32());
        Assert.Equal(["nftables", "iptables", "userspace"], root.GetProperty("modes").EnumerateArray().Select(mode => mode.GetProperty("mode").GetString()));
        foreach (var mode in root.GetProperty("modes").EnumerateArray())
        {
            Assert.All(["clusterIP", "nodePort", "dns", "headless"], cell => Assert.Equal("ok", mode.GetProperty(cell).GetString()));
            Assert.Equal(0, mode.GetProperty("errors").GetInt64());
            Assert.All(["requests", "p50Us", "p99Us", "programUs"], figure => Assert.True(mode.GetProperty(figure).GetDouble() > 0, figure));
        }

        Assert.Empty(Left());
    }

    /// <summary>On a machine without IPVS its part runs in a user-mode kernel; without that, the cells say what is missing.</summary>
    [Fact]
    public async Task IpvsIsShownWhereverItCanRun()
    {
        var outcome = await Programs.RunAsync(Programs.Dataplane, ["demo", "--modes", "ipvs", "--json"], seconds: 420);
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        using var report = JsonDocument.Parse(outcome.Output);
        Assert.True(report.RootElement.GetProperty("ok").GetBoolean());
        var mode = Assert.Single(report.RootElement.GetProperty("modes").EnumerateArray());
        var isInstalled = File.Exists("/usr/bin/linux.uml") || File.Exists("/proc/net/ip_vs");
        Assert.All(["clusterIP", "nodePort", "dns", "headless"], cell =>
            Assert.StartsWith(isInstalled ? "ok" : "skipped: this kernel has no IPVS", mode.GetProperty(cell).GetString()));
        Assert.Equal(isInstalled ? 3000 : 0, mode.GetProperty("requests").GetInt64());
        Assert.Empty(Left());
    }

    [Fact]
    public async Task AKilledClusterIsClearedAwayByDown()
    {
        var directory = Directory.CreateTempSubdirectory("dp-killed-").FullName;
        try
        {
            var mountsBefore = Mounts();
            using (var cluster = await UpAsync(directory, "-f", await PodManifestAsync(directory)))
            {
                await KeeperReadyAsync(directory);
                cluster.Kill();
                await cluster.WaitForExitAsync();
            }

            Assert.NotEmpty(Left());
            var down = await Programs.RunAsync(Programs.Dataplane, ["down", "--data-dir", directory]);
            Assert.True(down.ExitCode == 0, down.ToString());
            Assert.Empty(Left());
            Assert.Equal(mountsBefore, Mounts());

            // What was acknowledged before the kill is there after it, and the pod runs again.
            using (var cluster = await UpAsync(directory))
            {
                await KeeperReadyAsync(directory);
                Assert.Equal(0, (await Programs.RunAsync(Programs.Dataplane, ["down", "--data-dir", directory])).ExitCode);
                await cluster.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
                Assert.Equal(0, cluster.ExitCode);
            }

            Assert.Empty(Left());
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<Process> UpAsync(string directory, params string[] more)
    {
        var cluster = Programs.Start(Programs.Dataplane, ["up", "--nodes", "2", "--data-dir", directory, "--api-port", "0", .. more]);
        _ = cluster.StandardOutput.ReadToEndAsync();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        string? line;
        do
        {
            line = await cluster.StandardError.ReadLineAsync(deadline.Token);
            Assert.NotNull(line);
        }
        while (!line.Contains("nodes Ready", StringComparison.Ordinal));
        _ = cluster.StandardError.ReadToEndAsync();
        return cluster;
    }

    private static async Task KeeperReadyAsync(string directory)
    {
        string[] kubectl = ["--kubeconfig", Path.Combine(directory, "admin.kubeconfig")];
        var environment = new Dictionary<string, string> { ["HOME"] = directory };
        for (var attempt = 0; attempt < 300 && (await Programs.RunAsync("kubectl", [.. kubectl, "get", "pod", "keeper"], environment)).ExitCode != 0; attempt++)
        {
            await Task.Delay(100);
        }

        var waited = await Programs.RunAsync("kubectl", [.. kubectl, "wait", "--for=condition=Ready", "pod/keeper", "--timeout=90s"], environment);
        Assert.True(waited.ExitCode == 0, waited.ToString());
    }

    private static async Task<string> PodManifestAsync(string directory)
    {
        var file = Path.Combine(directory, "keeper.yaml");
        await File.WriteAllTextAsync(file, """
            apiVersion: v1
            kind: Pod
            metadata: {name: keeper}
            spec:
              terminationGracePeriodSeconds: 1
              containers: [{name: keeper, image: centos, command: [sleep, "3600"]}]
            """);
        return file;
    }

    private static IEnumerable<string> Left() =>
        NetworkNamespace.Names("dp-").Where(name => !name.StartsWith("dp-t-", StringComparison.Ordinal))
            .Concat(Directory.EnumerateDirectories("/sys/class/net", "dp-*"));

    private static List<string> Mounts() =>
        [.. File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' ')[4]).Where(mount => mount.Contains("dp-", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
