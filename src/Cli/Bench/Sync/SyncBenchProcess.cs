using System.Diagnostics;
using System.Globalization;

namespace Dataplane.Cli.Bench.Sync;

/// <summary>One mode in a process of its own, so that none is measured with another's memory and warm code.</summary>
internal static class SyncBenchProcess
{
    /// <exception cref="UserErrorException">It failed; what went wrong stands on standard error.</exception>
    internal static async Task RunAsync(SyncBenchOptions options, bool json, CancellationToken cancellation)
    {
        string[] command =
        [
            .. OwnProgram.Command, "bench", "sync", "--worker", "--modes", options.Mode,
            "--services", Text(options.Services), "--endpoints", Text(options.Endpoints), "--changes", Text(options.Changes),
            "--soak", $"{Text((int)options.Soak.TotalSeconds)}s", .. json ? ["--json"] : Array.Empty<string>(),
        ];
        // As deploy/kube-proxy-replacement.yaml sets it.
        var start = new ProcessStartInfo(command[0], command.Skip(1)) { Environment = { ["DOTNET_GCConserveMemory"] = "7" } };
        using var worker = Process.Start(start)!;
        // Ctrl-C goes to both; the worker removes its namespace before it ends.
        await worker.WaitForExitAsync(CancellationToken.None);
        cancellation.ThrowIfCancellationRequested();
        if (worker.ExitCode != 0)
        {
            throw new UserErrorException($"bench of mode {options.Mode} failed");
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
