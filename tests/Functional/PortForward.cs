using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Dataplane.Functional;

/// <summary>A kubectl port-forward that listens on a port of its choice.</summary>
internal sealed class PortForward : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Task<string> _error;
    private readonly Task<string> _output;

    private PortForward(Process process, int port)
    {
        _process = process;
        EndPoint = new IPEndPoint(IPAddress.Loopback, port);
        _error = process.StandardError.ReadToEndAsync();
        _output = process.StandardOutput.ReadToEndAsync();
    }

    internal IPEndPoint EndPoint { get; }

    internal Uri Address => new($"http://{EndPoint}/");

    /// <param name="kubectl">What kubectl is started with.</param>
    /// <param name="target">pod/NAME, service/NAME or deployment/NAME.</param>
    /// <param name="port">The target's.</param>
    /// <param name="environment">kubectl's.</param>
    internal static async Task<PortForward> StartAsync(IReadOnlyList<string> kubectl, string target, string port, IReadOnlyDictionary<string, string> environment)
    {
        var process = Programs.Start(kubectl[0], [.. kubectl.Skip(1), "port-forward", "--address=127.0.0.1", target, $":{port}"], environment);
        try
        {
            var line = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Patience);
            var found = Regex.Match(line ?? "", @"^Forwarding from 127\.0\.0\.1:(\d+) -> \d+$");
            Assert.True(found.Success, line ?? await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(Patience));
            return new PortForward(process, int.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture));
        }
        catch
        {
            process.Kill();
            process.Dispose();
            throw;
        }
    }

    /// <returns>What it said until it ended by itself.</returns>
    internal async Task<string> EndAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(limit.Token);
        return await _error;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        await Task.WhenAll(_error, _output);
        _process.Dispose();
    }
}
