using System.Globalization;
using System.Text.Json;
using Dataplane.Cli.Bench;
using Dataplane.Hosting.UserMode;

namespace Dataplane.Cli.Demo;

/// <summary>The demo of a mode that this machine's kernel cannot have: the same program, in a user-mode kernel that can.</summary>
internal static class UserModeDemo
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    /// <returns>The mode's row, with what it ran in; one of skipped cells where such a kernel is not installed.</returns>
    internal static async Task<ModeReport> RunAsync(int nodes, string mode, string missing, Action<string> progress, CancellationToken cancellation)
    {
        if (UserModeKernel.Missing() is { } notInstalled)
        {
            return ModeReport.Uniform(mode, DemoCell.Skipped($"{missing}; {notInstalled}"));
        }

        progress($"{mode}: {missing}: booting a user-mode kernel for it");
        try
        {
            string[] command = [.. OwnProgram.Command, "demo", "--json", "--modes", mode, "--nodes", nodes.ToString(CultureInfo.InvariantCulture)];
            var program = new UserModeProgram(ProgramPath.Find(command[0]) ?? command[0], command[1..])
            {
                Modules = ["ip_vs", "br_netfilter"],
                Limit = Limit,
                Progress = line => progress($"  {line.Trim()}"),
            };
            var result = await UserModeKernel.RunAsync(program, cancellation);
            var row = Parse(result.Output)?.Modes.SingleOrDefault();
            return row is null
                ? ModeReport.Uniform(mode, DemoCell.Failed($"no report from the user-mode kernel (exit status {result.ExitStatus?.ToString(CultureInfo.InvariantCulture) ?? "none"}): {LastLine(result)}"))
                : row with { RanIn = "user-mode kernel" };
        }
        catch (Exception failure) when (failure is TimeoutException or IOException)
        {
            return ModeReport.Uniform(mode, DemoCell.Failed(failure.Message));
        }
    }

    private static DemoReport? Parse(string output)
    {
        try
        {
            return output.Length == 0 ? null : JsonSerializer.Deserialize(output, DemoJson.Default.DemoReport);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string LastLine(UserModeResult result) =>
        (result.Error.Trim().Length > 0 ? result.Error : result.KernelLog).Trim().Split('\n')[^1];
}
