using System.Globalization;

namespace Dataplane.Linux.Processes;

/// <summary>What processes of a PID namespace use together.</summary>
/// <param name="ProcessorTime">Of all there are, and of the children they have waited for.</param>
/// <param name="ResidentBytes">VmRSS, shared pages counted in each.</param>
/// <param name="Processes">How many there are.</param>
public sealed record NamespaceUsage(TimeSpan ProcessorTime, long ResidentBytes, int Processes)
{
    // USER_HZ of every architecture that matters: sysconf(_SC_CLK_TCK).
    private const int TicksPerSecond = 100;

    /// <summary>Of each PID namespace on the machine, by its name (<c>pid:[4026532345]</c>). One walk through /proc.</summary>
    public static IReadOnlyDictionary<string, NamespaceUsage> Read()
    {
        var all = new Dictionary<string, NamespaceUsage>(StringComparer.Ordinal);
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!char.IsAsciiDigit(Path.GetFileName(directory)[0]) || NameOf(directory) is not { } name || Of(directory) is not { } own)
            {
                continue;
            }

            var sum = all.GetValueOrDefault(name) ?? new NamespaceUsage(TimeSpan.Zero, 0, 0);
            all[name] = new NamespaceUsage(sum.ProcessorTime + own.ProcessorTime, sum.ResidentBytes + own.ResidentBytes, sum.Processes + 1);
        }

        return all;
    }

    /// <summary>The PID namespace of a process; null when it has gone.</summary>
    public static string? NameOf(int pid) => NameOf($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}");

    private static string? NameOf(string directory)
    {
        try
        {
            return new FileInfo(Path.Combine(directory, "ns", "pid")).LinkTarget;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>proc(5), /proc/PID/stat: fields 14 to 17 are times in ticks, 24 is the resident set in pages; the name in 2 may have spaces.</summary>
    private static NamespaceUsage? Of(string directory)
    {
        try
        {
            var text = File.ReadAllText(Path.Combine(directory, "stat"));
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            var ticks = fields[11..15].Sum(field => long.Parse(field, CultureInfo.InvariantCulture));
            var resident = long.Parse(fields[21], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
            return new NamespaceUsage(TimeSpan.FromSeconds((double)ticks / TicksPerSecond), resident, 1);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
