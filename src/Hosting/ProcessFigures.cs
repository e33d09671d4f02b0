using System.Collections.Immutable;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Dataplane.Hosting;

/// <summary>The process_* metrics that every Prometheus client has.</summary>
public static class ProcessFigures
{
    /// <summary>All of them, sorted by name.</summary>
    public static ImmutableArray<ProcessFigure> All { get; } =
    [
        new("process_cpu_seconds_total", "Time spent on processors.", IsCounter: true, () => Of(process => process.TotalProcessorTime.TotalSeconds)),
        new("process_max_fds", "File descriptors there can be.", IsCounter: false, MostDescriptors),
        new("process_open_fds", "File descriptors there are.", IsCounter: false, () => Directory.EnumerateFileSystemEntries("/proc/self/fd").Count()),
        new("process_resident_memory_bytes", "Memory in use.", IsCounter: false, () => Of(process => process.WorkingSet64)),
        new("process_start_time_seconds", "When the process began, since the epoch.", IsCounter: false,
            () => Of(process => new DateTimeOffset(process.StartTime.ToUniversalTime()).ToUnixTimeMilliseconds() / 1000.0)),
        new("process_virtual_memory_bytes", "Address space in use.", IsCounter: false, () => Of(process => process.VirtualMemorySize64)),
    ];

    private static double Of(Func<Process, double> value)
    {
        using var process = Process.GetCurrentProcess();
        return value(process);
    }

    // "Max open files            1024                 524288               files"
    private static double MostDescriptors()
    {
        var line = File.ReadLines("/proc/self/limits").FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal)) ?? "";
        return line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, _, var soft, ..] && double.TryParse(soft, out var limit) ? limit : -1;
    }
}

/// <summary>One figure of this process.</summary>
/// <param name="Name">The metric's.</param>
/// <param name="Help">What it is.</param>
/// <param name="IsCounter">Else a gauge.</param>
/// <param name="Value">As it is now.</param>
public sealed record ProcessFigure(string Name, string Help, bool IsCounter, Func<double> Value)
{
    /// <summary>Shows it among a meter's instruments.</summary>
    public void AddTo(Meter meter)
    {
        if (IsCounter)
        {
            meter.CreateObservableCounter(Name, Value, description: Help);
        }
        else
        {
            meter.CreateObservableGauge(Name, Value, description: Help);
        }
    }
}
