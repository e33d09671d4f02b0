using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Dataplane.TestKit;

namespace Dataplane.ControlPlane.Tests.Store.Etcd;

/// <summary>A real etcd of one member on loopback, with a data directory of its own.</summary>
internal sealed class EtcdProcess : IAsyncDisposable
{
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(60);

    private readonly string _directory = Directory.CreateTempSubdirectory("dp-t-etcd").FullName;
    private readonly IReadOnlyList<string> _more;
    private readonly int _peerPort = FreePorts.Take();
    private readonly string _scheme;
    private Process _process = null!;

    private EtcdProcess(string scheme, IReadOnlyList<string> more)
    {
        _scheme = scheme;
        _more = more;
        Address = new Uri($"{scheme}://127.0.0.1:{FreePorts.Take()}");
    }

    public Uri Address { get; }

    public EtcdOptions Options => new() { Servers = [Address], Prefix = "/registry", CompactionInterval = TimeSpan.Zero };

    public static async Task<EtcdProcess> StartAsync(string scheme = "http", params IReadOnlyList<string> more)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/etcd"), "etcd (package etcd-server) is not installed");
        var etcd = new EtcdProcess(scheme, more);
        await etcd.StartAgainAsync();
        return etcd;
    }

    /// <summary>Starts it on the same address and data.</summary>
    public async Task StartAgainAsync()
    {
        var client = Address.GetLeftPart(UriPartial.Authority);
        _process = Process.Start(new ProcessStartInfo(
            "/usr/bin/etcd",
            [
                "--data-dir", Path.Combine(_directory, "data"), "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", $"http://127.0.0.1:{_peerPort}", "--initial-advertise-peer-urls", $"http://127.0.0.1:{_peerPort}",
                "--initial-cluster", $"default=http://127.0.0.1:{_peerPort}", "--unsafe-no-fsync", "--log-level", "error", .. _more,
            ])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        using var limit = new CancellationTokenSource(ReadyLimit);
        while (!await AnswersAsync(limit.Token))
        {
            Assert.False(_process.HasExited, "etcd ended");
            await Task.Delay(50, limit.Token);
        }
    }

    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellation)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, Address.Port), cancellation);
            return _scheme == "https" || await IsHealthyAsync(cancellation);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task<bool> IsHealthyAsync(CancellationToken cancellation)
    {
        using var http = new HttpClient();
        try
        {
            return (await http.GetStringAsync(new Uri(Address, "/health"), cancellation)).Contains("true", StringComparison.Ordinal);
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
