namespace Dataplane.Cli.Bench;

/// <summary>How this program is started again, for a part of a benchmark that needs a process of its own.</summary>
internal static class OwnProgram
{
    /// <summary>The program and its first arguments; dotnet runs it under the launcher and in tests.</summary>
    internal static string[] Command { get; } = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dataplane"
        ? [Environment.ProcessPath!]
        : ["dotnet", Path.Combine(AppContext.BaseDirectory, "dataplane.dll")];
}
