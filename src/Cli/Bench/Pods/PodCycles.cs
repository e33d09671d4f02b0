using System.Diagnostics;
using Dataplane.Kubelet.Network;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Route;

namespace Dataplane.Cli.Bench.Pods;

/// <summary>Pods created and deleted over and over, and what is left of them: nothing, it is to be hoped.</summary>
internal sealed class PodCycles(KubeletSite site, PodsBenchPlan plan, BenchReport report)
{
    private const int AtOnce = 50;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(20);

    internal async Task RunAsync(CancellationToken cancellation)
    {
        await using var watch = new PodWatch(site.Client);
        await watch.StartAsync(cancellation);

        // The first round makes what the agent keeps for good: connections, threads, buffers.
        await RoundAsync(watch, 0, AtOnce, cancellation);
        var before = Count();
        var started = Stopwatch.GetTimestamp();
        for (var done = 0; done < plan.Cycles; done += AtOnce)
        {
            await RoundAsync(watch, AtOnce + done, Math.Min(AtOnce, plan.Cycles - done), cancellation);
        }

        report.Total("cycles", "dataplane", "pod created, Ready, deleted, gone", "ms", plan.Cycles, Stopwatch.GetElapsedTime(started).TotalMilliseconds / Math.Max(1, plan.Cycles));
        var after = await SettledAsync(before, cancellation);
        foreach (var (what, number) in after)
        {
            report.Total("cycles", "dataplane", $"left behind: {what}", "count", plan.Cycles, Math.Max(0, number - before[what]));
        }

        report.Total("cycles", "dataplane", "kubelet, resident", "MB", plan.Cycles, site.ResidentMegabytes());
    }

    private async Task RoundAsync(PodWatch watch, int first, int count, CancellationToken cancellation)
    {
        await Task.WhenAll(Enumerable.Range(first, count).Select(number => site.Client.CreateAsync(KubeletSite.Pod($"cycle-{number}", probes: false), cancellation)));
        await watch.WaitReadyAsync(count, Limit, cancellation);
        await Task.WhenAll(Enumerable.Range(first, count).Select(number => PodBurst.DeleteAsync(site.Client, $"cycle-{number}", cancellation)));
        await watch.WaitGoneAsync(Limit, cancellation);
    }

    /// <summary>The kernel takes namespaces apart in its own time.</summary>
    private async Task<Dictionary<string, int>> SettledAsync(Dictionary<string, int> before, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var now = Count();
            if (now.All(one => one.Value <= before[one.Key]) || Stopwatch.GetElapsedTime(started) > Quiet)
            {
                return now;
            }

            await Task.Delay(100, cancellation);
        }
    }

    private Dictionary<string, int> Count()
    {
        using var links = RouteConnection.Open(site.Node);
        return new Dictionary<string, int>
        {
            ["network namespaces"] = NetworkNamespace.Names("dp-pod-").Count,
            ["devices"] = links.Links().Count(link => link.Kind is "veth" or "ifb"),
            ["addresses reserved"] = AddressJournal.Read(Path.Combine(site.KubeletDirectory, "network", "addresses")).Reservations.Count,
            ["mounts"] = File.ReadLines($"/proc/{site.KubeletPid}/mountinfo").Count(),
            ["descriptors"] = Directory.EnumerateFileSystemEntries($"/proc/{site.KubeletPid}/fd").Count(),
            ["threads"] = Directory.EnumerateDirectories($"/proc/{site.KubeletPid}/task").Count(),
            ["directories of pods"] = Directory.EnumerateDirectories(Path.Combine(site.KubeletDirectory, "pods")).Count(),
        };
    }
}
