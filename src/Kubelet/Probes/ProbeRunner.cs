using System.Net;
using System.Net.Sockets;
using Dataplane.Api;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Kubelet.Probes;

/// <summary>Carries out single probes and HTTP hooks, from inside the node's network namespace.</summary>
internal sealed class ProbeRunner : IDisposable
{
    private const int MostBody = 10 * 1024;

    private readonly NetworkNamespace? _node;
    private readonly HttpClient _http;

    internal ProbeRunner(NetworkNamespace? node)
    {
        _node = node;
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellation) =>
                new NetworkStream(await ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellation), ownsSocket: true),
            PooledConnectionLifetime = TimeSpan.Zero,
            UseProxy = false,
            UseCookies = false,
            SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>One try, within its own time limit.</summary>
    /// <returns>Null for success, else why not, in upstream's words.</returns>
    internal async Task<string?> RunAsync(Probe probe, Container container, IRunningContainer running, string podIP, CancellationToken cancellation)
    {
        var seconds = Math.Max(1, probe.TimeoutSeconds ?? 1);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(seconds));
        try
        {
            return probe switch
            {
                { HTTPGet: { } get } => await GetAsync(get, container, podIP, limit.Token),
                { TCPSocket: { } tcp } => await DialAsync(tcp, container, podIP, limit.Token),
                { Exec: { } exec } => await ExecuteAsync(exec, running, limit.Token),
                _ => null,
            };
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return probe.Exec is not null ? $"command timed out after {seconds}s" : $"context deadline exceeded (probe timed out after {seconds}s)";
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // A path that makes no URL, a program that cannot be run: a failed try like others. The next one must still be made.
            return failure.Message;
        }
    }

    /// <summary>A GET as probes and hooks do it.</summary>
    internal async Task<string?> GetAsync(HTTPGetAction get, Container container, string podIP, CancellationToken cancellation)
    {
        var host = string.IsNullOrEmpty(get.Host) ? podIP : get.Host;
        var scheme = (get.Scheme ?? "HTTP").ToLowerInvariant();
        var path = get.Path ?? "/";
        var authority = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
        var url = new Uri($"{scheme}://{authority}:{Port(get.Port, container)}{(path.StartsWith('/') ? path : "/" + path)}");
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.TryAddWithoutValidation("User-Agent", $"kube-probe/{KubernetesVersion.Major}.{KubernetesVersion.Minor}");
            request.Headers.TryAddWithoutValidation("Accept", "*/*");
            foreach (var header in get.HTTPHeaders)
            {
                request.Headers.Remove(header.Name);
                request.Headers.TryAddWithoutValidation(header.Name, header.Value);
            }

            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            return (int)response.StatusCode is >= 200 and < 400 ? null : $"HTTP probe failed with statuscode: {(int)response.StatusCode}";
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            return $"Get \"{url}\": {failure.Message}";
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static async Task<string?> ExecuteAsync(ExecAction exec, IRunningContainer running, CancellationToken cancellation)
    {
        try
        {
            var result = await running.ExecuteAsync(exec.Command, cancellation);
            return result.Status.Code == 0 ? null
                : result.Output.Length > 0 ? result.Output[..Math.Min(result.Output.Length, MostBody)]
                : $"command exited with {result.Status.Code}";
        }
        catch (ContainerStartException failure)
        {
            return failure.Message;
        }
    }

    private async Task<string?> DialAsync(TCPSocketAction tcp, Container container, string podIP, CancellationToken cancellation)
    {
        var host = string.IsNullOrEmpty(tcp.Host) ? podIP : tcp.Host;
        try
        {
            using var socket = await ConnectAsync(host, Port(tcp.Port, container), cancellation);

            // A reset instead of FIN leaves no TIME_WAIT behind for every probe (kubernetes #115143).
            socket.LingerState = new LingerOption(true, 0);
            return null;
        }
        catch (SocketException failure)
        {
            return $"dial tcp {host}:{Port(tcp.Port, container)}: connect: {Spelled(failure)}";
        }
    }

    /// <summary>The kernel's errors as other kubelets spell them: without a capital.</summary>
    private static string Spelled(SocketException failure) => string.Concat(failure.Message[..1].ToLowerInvariant(), failure.Message.AsSpan(1));

    private async Task<Socket> ConnectAsync(string host, int port, CancellationToken cancellation)
    {
        var address = IPAddress.TryParse(host.Trim('[', ']'), out var literal)
            ? literal
            : (await Dns.GetHostAddressesAsync(host, cancellation))[0];
        var socket = _node is null ? Open() : _node.Invoke(Open);
        try
        {
            await socket.ConnectAsync(address, port, cancellation);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        Socket Open() => new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    }

    private static int Port(IntOrString port, Container container) => port.Text is { } name
        ? container.Ports.Find(one => one.Name == name)?.Port ?? 0
        : port.Number;
}
