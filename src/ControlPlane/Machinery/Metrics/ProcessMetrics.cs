using System.Diagnostics;

namespace Dataplane.ControlPlane.Machinery.Metrics;

/// <summary>The process_* families that every Prometheus client has.</summary>
internal static class ProcessMetrics
{
    public static void Write(ExpositionWriter text)
    {
        using var process = Process.GetCurrentProcess();
        text.Single("process_cpu_seconds_total", "counter", "Time spent on processors.", process.TotalProcessorTime.TotalSeconds);
        text.Single("process_max_fds", "gauge", "File descriptors there can be.", MostDescriptors());
        text.Single("process_open_fds", "gauge", "File descriptors there are.", Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
        text.Single("process_resident_memory_bytes", "gauge", "Memory in use.", process.WorkingSet64);
        text.Single(
            "process_start_time_seconds", "gauge", "When the process began, since the epoch.",
            new DateTimeOffset(process.StartTime.ToUniversalTime()).ToUnixTimeMilliseconds() / 1000.0);
        text.Single("process_virtual_memory_bytes", "gauge", "Address space in use.", process.VirtualMemorySize64);
    }

    // "Max open files            1024                 524288               files"
    private static double MostDescriptors()
    {
        var line = File.ReadLines("/proc/self/limits").FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal)) ?? "";
        return line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, _, var soft, ..] && double.TryParse(soft, out var limit) ? limit : -1;
    }
}
