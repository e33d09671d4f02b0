using System.Diagnostics;
using System.Text;
using Dataplane.Kubelet.Tests.Lifecycle;
using Dataplane.TestKit;

namespace Dataplane.Kubelet.Tests.Streaming;

/// <summary>The real kubectl, as the administrator of a fixture's cluster.</summary>
internal sealed class Kubectl(NodeFixture fixture)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Runs it to its end.</summary>
    internal async Task<(int Code, string Output, string Error)> RunAsync(string input, params string[] arguments)
    {
        using var process = Start(Tools.Require("kubectl"), ["--kubeconfig", fixture.KubeConfigPath, .. arguments]);
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.StandardInput.WriteAsync(input.AsMemory(), limit.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"kubectl {string.Join(' ', arguments)} does not end");
        }
    }

    /// <summary>Runs it on a terminal, where somebody types once a word has come.</summary>
    /// <param name="word">What is waited for.</param>
    /// <param name="typed">With the line end.</param>
    /// <param name="arguments">Without characters that a shell minds, but in single quotes.</param>
    internal async Task<(int Code, string Output)> TypeAsync(string word, string typed, params string[] arguments)
    {
        var command = string.Join(' ', new[] { Tools.Require("kubectl"), "--kubeconfig", fixture.KubeConfigPath }.Concat(arguments).Select(one => $"'{one}'"));
        using var process = Start(Tools.Require("script"), ["-q", "-e", "-c", command, "/dev/null"]);
        using var limit = new CancellationTokenSource(Limit);
        var text = new StringBuilder();
        try
        {
            var (buffer, hasTyped) = (new char[4096], false);
            while (await process.StandardOutput.ReadAsync(buffer, limit.Token) is var count and > 0)
            {
                text.Append(buffer, 0, count);
                if (!hasTyped && text.ToString().Contains(word, StringComparison.Ordinal))
                {
                    hasTyped = true;
                    await process.StandardInput.WriteAsync(typed.AsMemory(), limit.Token);
                    await process.StandardInput.FlushAsync(limit.Token);
                }
            }

            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, text.ToString());
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{command} does not end: {text}");
        }
    }

    private Process Start(string program, string[] arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        Environment = { ["HOME"] = fixture.Root },
    })!;
}
