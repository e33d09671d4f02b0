using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;

namespace Dataplane.Linux.Processes;

/// <summary>
/// Finds a program as execvp(3) does, in the root directory of the calling thread. Messages are those of OCI runtimes,
/// which users search for.
/// </summary>
internal static class ProgramPath
{
    private const string DefaultSearch = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    internal static string Resolve(ProgramPlan program)
    {
        var name = program.Arguments[0];
        if (name.Contains('/'))
        {
            var path = Path.Combine(program.WorkingDirectory, name);
            return !File.Exists(path)
                ? throw new ProgramStartException($"exec: \"{name}\": stat {name}: no such file or directory: unknown")
                : IsExecutable(path) ? path : throw new ProgramStartException($"exec: \"{name}\": permission denied: unknown");
        }

        foreach (var directory in SearchPath(program.Environment).Split(':'))
        {
            var path = Path.Combine(program.WorkingDirectory, directory, name);
            if (IsExecutable(path))
            {
                return path;
            }
        }

        throw new ProgramStartException($"exec: \"{name}\": executable file not found in $PATH: unknown");
    }

    internal static string Explain(string name, int errno) =>
        $"exec: \"{name}\": {Marshal.GetPInvokeErrorMessage(errno).ToLowerInvariant()}: unknown";

    private static bool IsExecutable(string path) => File.Exists(path) && Libc.access(path, Libc.X_OK) == 0;

    private static string SearchPath(IReadOnlyList<string> environment)
    {
        const string prefix = "PATH=";
        foreach (var variable in environment)
        {
            if (variable.StartsWith(prefix, StringComparison.Ordinal))
            {
                return variable[prefix.Length..];
            }
        }

        return DefaultSearch;
    }
}
