using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.ControlPlane.Tests.Kubectl;

/// <summary>A server in this process and the real kubectl as a child, with a home of its own.</summary>
public sealed class KubectlFixture : IAsyncLifetime
{
    private const string Kubectl = "/usr/bin/kubectl";
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
    public async Task<string> EventuallyAsync(string arguments, string text)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        while (true)
        {
            var output = await RunAsync(arguments);
            if (output.Contains(text, StringComparison.Ordinal))
            {
                return output;
            }

            Assert.False(deadline.IsCancellationRequested, $"kubectl {arguments}: {text} did not come; last: {output}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Runs kubectl and returns its two outputs as one text.</summary>
    public async Task<string> RunAsync(string arguments, string input = "")
    {
        if (!File.Exists(Kubectl))
        {
            Assert.Skip($"{Kubectl} is missing");
        }

        var start = new ProcessStartInfo(Kubectl, ["--kubeconfig", _server!.KubeConfigPath!, "--request-timeout=20s", .. arguments.Split(' ')])
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
