using System.Diagnostics;
using System.Globalization;
using Dataplane.Linux.Namespaces;

namespace Dataplane.TestKit;

/// <summary>What a tool did.</summary>
public sealed record ToolResult(string Command, int ExitCode, string Output, string Error)
{
    /// <summary>Standard output of a tool that must have succeeded.</summary>
    /// <exception cref="InvalidOperationException">It did not; carries what it said.</exception>
    public string OutputOrThrow() => ExitCode == 0
        ? Output
        : throw new InvalidOperationException($"{Command}: exit status {ExitCode.ToString(CultureInfo.InvariantCulture)}: {Error}{Output}");
}

/// <summary>Programs that tests use as oracles.</summary>
public static class Tools
{
    /// <summary>xunit v3 treats an exception whose message starts so as a skip (Xunit.v3.DynamicSkipToken).</summary>
    private const string SkipToken = "$XunitDynamicSkip$";

    private static readonly string[] ProgramDirectories = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    private static readonly string[] IncludeDirectories =
        ["/usr/include", .. Directory.Exists("/usr/include") ? Directory.GetDirectories("/usr/include", "*-linux-gnu*") : []];

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    /// <summary>Skips the calling test when a program is not installed.</summary>
    /// <returns>Its path.</returns>
    public static string Require(string tool) => ProgramDirectories.Select(directory => Path.Combine(directory, tool)).FirstOrDefault(File.Exists)
        ?? throw Skip($"{tool} is not installed");

    /// <summary>Skips the calling test when a C header is not installed.</summary>
    public static void RequireHeader(string header)
    {
        if (!IncludeDirectories.Any(directory => File.Exists(Path.Combine(directory, header))))
        {
            throw Skip($"<{header}> is not installed");
        }
    }

    /// <summary>Skips the calling test unless it may make network namespaces.</summary>
    public static void RequireRoot()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw Skip("not root");
        }
    }

    /// <summary>Runs a program to its end, inside a namespace through <c>ip netns exec</c>; it is killed after two minutes, or when the limit says.</summary>
    /// <param name="networkNamespace">Null for the process's own.</param>
    /// <param name="tool">Skips the test when it is missing.</param>
    /// <param name="arguments">Passed as they are, no shell.</param>
    /// <param name="input">Standard input.</param>
    /// <param name="limit">How long it may take; null for two minutes.</param>
    public static async Task<ToolResult> RunAsync(NetworkNamespace? networkNamespace, string tool, string[] arguments, string input = "", TimeSpan? limit = null)
    {
        var path = Require(tool);
        string[] command = networkNamespace is null ? [path, .. arguments] : [Require("ip"), "netns", "exec", networkNamespace.Name, path, .. arguments];
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        using var expired = new CancellationTokenSource(limit ?? Timeout);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(expired.Token);
            var error = process.StandardError.ReadToEndAsync(expired.Token);
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
            await process.WaitForExitAsync(expired.Token);
            return new ToolResult(string.Join(' ', command), process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{string.Join(' ', command)}: did not end within {limit ?? Timeout}");
        }
    }

    /// <summary>Starts a program that goes on, inside a namespace; all else it shares with the caller. What it writes goes to a file: there is no pipe that has to be read.</summary>
    /// <param name="networkNamespace">A named one.</param>
    /// <param name="log">The file, which is appended to.</param>
    /// <param name="program">Its path.</param>
    /// <param name="arguments">Passed as they are.</param>
    /// <returns>The program's own process, which the caller has to end.</returns>
    public static Process Start(NetworkNamespace networkNamespace, string log, string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(
            Require("nsenter"), [.. Enter(networkNamespace), "/bin/sh", "-c", "exec \"$0\" \"$@\" >>\"" + log + "\" 2>&1", program, .. arguments]))!;

    /// <summary>Arguments of nsenter(1) that enter a named namespace and no other.</summary>
    public static string[] Enter(NetworkNamespace networkNamespace) => [$"--net={Path.Combine(NetworkNamespace.Directory, networkNamespace.Name)}"];

    /// <summary>To be thrown: skips the calling test.</summary>
    public static Exception Skip(string reason) => new InvalidOperationException(SkipToken + reason);
}
