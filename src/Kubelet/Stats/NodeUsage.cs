using System.Globalization;

namespace Dataplane.Kubelet.Stats;

/// <summary>What the whole machine uses.</summary>
internal sealed record NodeUsage(TimeSpan ProcessorTime, long TotalBytes, long AvailableBytes, DateTimeOffset BootTime)
{
    private const double TicksPerSecond = 100;

    /// <summary>proc(5): /proc/stat and /proc/meminfo.</summary>
    internal static NodeUsage Read()
    {
        var lines = File.ReadAllLines("/proc/stat");

        // user nice system idle iowait irq softirq steal: all but the fourth and fifth are work.
        var times = lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(Number).ToArray();
        var busy = times.Where((_, at) => at is not (3 or 4)).Sum();
        var boot = Number(lines.First(line => line.StartsWith("btime ", StringComparison.Ordinal)).Split(' ')[1]);
        var memory = File.ReadLines("/proc/meminfo").Select(line => line.Split(':')).ToDictionary(parts => parts[0], parts => Number(parts[1].Trim().Split(' ')[0]) * 1024);
        return new NodeUsage(
            TimeSpan.FromSeconds(busy / TicksPerSecond), memory["MemTotal"], memory["MemAvailable"], DateTimeOffset.FromUnixTimeSeconds(boot));
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
