using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.ControlPlane.Tests.Kubectl;

/// <summary>A server in this process and the real kubectl as a child, with a home of its own.</summary>
public sealed class KubectlFixture : IAsyncLifetime
{
    private const string Kubectl = "/usr/bin/kubectl";

    /// <summary>Where Debian's google-cloud-cli leaves other versions.</summary>
    private const string OtherVersions = "/usr/lib/google-cloud-sdk/bin/kubectl.";

    private readonly string _directory = Directory.CreateTempSubdirectory("dp-t-kubectl").FullName;
    private ControlPlaneServer? _server;

    public async ValueTask InitializeAsync() => _server = await ControlPlaneServer.StartAsync(
        new ControlPlaneOptions { DataDirectory = _directory, Store = "sqlite", Listen = [new(new IPEndPoint(IPAddress.Loopback, 0))] },
        NullLoggerFactory.Instance,
        TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Runs kubectl until its output has a text.</summary>
    public Task<string> EventuallyAsync(string arguments, string text) => EventuallyAsync(arguments, output => output.Contains(text, StringComparison.Ordinal), text);

    /// <summary>Runs kubectl until its output is as wanted.</summary>
    public async Task<string> EventuallyAsync(string arguments, Func<string, bool> wanted, string what)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromMinutes(2));
        while (true)
        {
            var output = await RunAsync(arguments);
            if (wanted(output))
            {
                return output;
            }

            Assert.False(deadline.IsCancellationRequested, $"kubectl {arguments}: {what} did not come; last: {output}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Runs kubectl and returns its two outputs as one text.</summary>
    /// <param name="arguments">Separated by single blanks.</param>
    /// <param name="input">Its standard input.</param>
    /// <param name="version">"1.29"; the machine's own when null.</param>
    public async Task<string> RunAsync(string arguments, string input = "", string? version = null)
    {
        var program = version is null ? Kubectl : OtherVersions + version;
        if (!File.Exists(program))
        {
            Assert.Skip($"{program} is missing");
        }

        var start = new ProcessStartInfo(program, ["--kubeconfig", _server!.KubeConfigPath!, "--request-timeout=60s", .. arguments.Split(' ')])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["HOME"] = _directory;
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return await output + await errors;
    }
}
