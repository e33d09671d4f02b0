using System.Globalization;

namespace Dataplane.Cli.Bench;

/// <summary>What a process costs, as /proc says (proc(5)).</summary>
internal static class ProcessCost
{
    private const double TicksPerSecond = 100; // USER_HZ, fixed in the kernel's interface

    /// <summary>User and system time so far.</summary>
    internal static TimeSpan CpuTime(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromSeconds((double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond);
    }

    /// <summary>Resident memory, 10^6 bytes.</summary>
    internal static double ResidentMB(int pid) => StatusMB(pid, "VmRSS:");

    /// <summary>The most memory that was resident since <see cref="ForgetPeak"/>, 10^6 bytes.</summary>
    internal static double PeakMB(int pid) => StatusMB(pid, "VmHWM:");

    internal static void ForgetPeak(int pid) => File.WriteAllText($"/proc/{pid}/clear_refs", "5");

    private static double StatusMB(int pid, string field) => long.Parse(
        File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith(field, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture) * 1024 / 1e6;
}
