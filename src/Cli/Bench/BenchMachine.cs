using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Dataplane.Cli.Bench;

/// <summary>Where figures come from: without it they say nothing.</summary>
/// <param name="Cpu">Model name of the first processor.</param>
/// <param name="Cores">Processors this process may use.</param>
/// <param name="MemoryMB">The machine's memory, 10^6 bytes.</param>
/// <param name="Kernel">Its release.</param>
/// <param name="Runtime">.NET's version.</param>
/// <param name="Version">This program's version and commit.</param>
internal sealed record BenchMachine(string Cpu, int Cores, long MemoryMB, string Kernel, string Runtime, string Version)
{
    internal static BenchMachine Read() => new(
        Line("/proc/cpuinfo", "model name") is { Length: > 0 } model ? model : RuntimeInformation.ProcessArchitecture.ToString(),
        Environment.ProcessorCount,
        long.Parse(Line("/proc/meminfo", "MemTotal").Split(' ')[0], CultureInfo.InvariantCulture) * 1024 / 1_000_000,
        File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        Environment.Version.ToString(),
        typeof(BenchMachine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "");

    private static string Line(string path, string name) =>
        File.ReadLines(path).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "";
}
