using Dataplane.Hosting.UserMode;
using Dataplane.Proxy.Ipvs;
using Dataplane.TestKit;

namespace Dataplane.Proxy.Tests.Ipvs;

/// <summary>
/// Runs the tests that need IPVS: as they are where this machine's kernel has it, else this same program once more inside a user-mode kernel.
/// </summary>
public sealed class IpvsKernelTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    [Theory]
    [InlineData(67, nameof(IpvsScenarioTests))]
    [InlineData(21, nameof(IpvsModeTests), nameof(IpvsProxyTests))]
    public async Task AKernelWithIpvsPasses(int least, params string[] classes)
    {
        Tools.RequireRoot();
        string[] arguments =
            ["-noColor", "-noLogo", "-explicit", "only", "-parallel", "none", .. classes.SelectMany(name => new[] { "-class", $"{typeof(IpvsKernelTests).Namespace}.{name}" })];
        var result = await RunAsync(arguments);

        var summary = result.Output.Split('\n').LastOrDefault(line => line.Contains("Total: ")) ?? "";
        Assert.True(result.ExitStatus == 0, $"exit status {result.ExitStatus}\n{result.Output}\n{result.Error}\n{result.KernelLog}");
        Assert.True(Number(summary, "Total: ") >= least && Number(summary, "Failed: ") == 0 && Number(summary, "Errors: ") == 0 && Number(summary, "Skipped: ") == 0, result.Output);
    }

    private static async Task<UserModeResult> RunAsync(string[] arguments)
    {
        var program = Environment.ProcessPath!;
        if (IpvsMode.Missing(null) is null)
        {
            var native = await Tools.RunAsync(null, program, arguments, limit: Limit);
            return new UserModeResult(native.ExitCode, native.Output, native.Error, "");
        }

        if (UserModeKernel.Missing() is { } missing)
        {
            throw Tools.Skip($"this machine's kernel has no IPVS, and {missing}");
        }

        return await UserModeKernel.RunAsync(
            new UserModeProgram(program, arguments) { Modules = ["ip_vs", "br_netfilter"], Limit = Limit }, TestContext.Current.CancellationToken);
    }

    private static int Number(string summary, string name) =>
        summary.IndexOf(name, StringComparison.Ordinal) is var at and >= 0 ? int.Parse(string.Concat(summary[(at + name.Length)..].TakeWhile(char.IsDigit))) : -1;
}
