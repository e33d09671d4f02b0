namespace Dataplane.Cli;

/// <summary>Where this machine's programs are.</summary>
internal static class ProgramPath
{
    /// <summary>On PATH, or where the administrator's programs are, which not everybody has on it; null when there is none.</summary>
    internal static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/sbin", "/sbin"])
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
