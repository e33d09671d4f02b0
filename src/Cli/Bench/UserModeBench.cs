using System.CommandLine;
using Dataplane.Hosting.UserMode;

namespace Dataplane.Cli.Bench;

/// <summary>A bench inside a user-mode kernel, for modes that this machine's kernel cannot have: its figures compare with others from inside, with nothing else.</summary>
internal static class UserModeBench
{
    private const int Megabytes = 3072;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);

    internal static Option<bool> Option { get; } = new("--user-mode-kernel")
    {
        Description = "Run inside a user-mode kernel (Debian's package user-mode-linux), which has IPVS: for ratios between modes inside it.",
    };

    /// <summary>Runs the same command there.</summary>
    /// <returns>Its exit status.</returns>
    /// <exception cref="UserErrorException">Such a kernel is not installed, or ended before the bench.</exception>
    internal static async Task<int> RunAsync(ParseResult arguments, CancellationToken cancellation)
    {
        if (UserModeKernel.Missing() is { } missing)
        {
            throw new UserErrorException($"{Option.Name}: {missing}");
        }

        string[] command = [.. OwnProgram.Command, .. arguments.Tokens.Select(token => token.Value).Where(token => token != Option.Name)];
        var result = await UserModeKernel.RunAsync(
            new UserModeProgram(ProgramPath.Find(command[0]) ?? command[0], command[1..])
            {
                Modules = ["ip_vs", "br_netfilter"],
                Megabytes = Megabytes,
                Limit = Limit,
                Progress = Console.Error.WriteLine,
            },
            cancellation);
        await Console.Out.WriteAsync(result.Output);
        return result.ExitStatus ?? throw new UserErrorException($"the user-mode kernel ended before the bench:\n{result.KernelLog}");
    }
}
