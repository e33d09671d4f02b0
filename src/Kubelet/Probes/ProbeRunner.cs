using System.Globalization;
using System.Net.Sockets;
using Dataplane.Api;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Kubelet.Probes;

/// <summary>Carries out single probes and HTTP hooks, from inside the node's network namespace.</summary>
internal sealed class ProbeRunner : IDisposable
{
    private const int MostPort = 65535;

    private readonly NodeDialer _dialer;
    private readonly HttpProbe _http;
    private readonly GrpcProbe _grpc;

    internal ProbeRunner(NetworkNamespace? node)
    {
        _dialer = new NodeDialer(node);
        _http = new HttpProbe(_dialer);
        _grpc = new GrpcProbe(_dialer);
    }

    /// <summary>One try, within its own time limit.</summary>
    internal async Task<ProbeOutcome> RunAsync(Probe probe, Container container, IRunningContainer running, string podIP, CancellationToken cancellation)
    {
        var seconds = TimeSpan.FromSeconds(Math.Max(1, probe.TimeoutSeconds ?? 1));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(seconds);
        try
        {
            var outcome = probe switch
            {
                { HTTPGet: { } get } => await _http.GetAsync(get, PortOf(get.Port, container), podIP, limit.Token),
                { TCPSocket: { } tcp } => await DialAsync(tcp, container, podIP, limit.Token),
                { Exec: { } exec } => await ExecuteAsync(exec, running, seconds, limit.Token),
                { GRPC: { } grpc } => await _grpc.TryAsync(grpc, podIP, seconds, cancellation),
                _ => ProbeOutcome.Unknown("missing probe handler"),
            };
            cancellation.ThrowIfCancellationRequested();
            return outcome;
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // A path that makes no URL, a port that has no such name: the next try must still be made.
            return ProbeOutcome.Unknown(failure.Message);
        }
    }

    /// <summary>A GET as hooks do it.</summary>
    /// <returns>Null for success, else why not.</returns>
    internal async Task<string?> GetAsync(HTTPGetAction get, Container container, string podIP, CancellationToken cancellation)
    {
        var outcome = await _http.GetAsync(get, PortOf(get.Port, container), podIP, cancellation);
        return outcome.Result is ProbeResult.Success or ProbeResult.Warning ? null : outcome.Message;
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static async Task<ProbeOutcome> ExecuteAsync(ExecAction exec, IRunningContainer running, TimeSpan limit, CancellationToken cancellation)
    {
        try
        {
            var result = await running.ExecuteAsync(exec.Command, cancellation);
            return result.ExitCode == 0 ? ProbeOutcome.Success : ProbeOutcome.Failure(result.Output);
        }
        catch (OperationCanceledException)
        {
            return ProbeOutcome.Failure($"command timed out: \"{string.Join(' ', exec.Command)}\" timed out after {GoDuration.Format(limit)}");
        }
    }

    private async Task<ProbeOutcome> DialAsync(TCPSocketAction tcp, Container container, string podIP, CancellationToken cancellation)
    {
        var (host, port) = (string.IsNullOrEmpty(tcp.Host) ? podIP : tcp.Host, PortOf(tcp.Port, container));
        try
        {
            using var socket = await _dialer.ConnectAsync(host, port, cancellation);

            // A reset instead of FIN leaves no TIME_WAIT behind for every probe (kubernetes #115143).
            socket.LingerState = new LingerOption(true, 0);
            return ProbeOutcome.Success;
        }
        catch (OperationCanceledException)
        {
            return ProbeOutcome.Failure($"dial tcp {NodeDialer.Join(host, port)}: i/o timeout");
        }
        catch (DialException failure)
        {
            return ProbeOutcome.Failure(failure.Message);
        }
    }

    /// <summary>A number, or the number of the container's port of that name.</summary>
    /// <exception cref="FormatException">There is none of that name; the words are upstream's.</exception>
    private static int PortOf(IntOrString port, Container container)
    {
        var number = port.Text is not { } name ? port.Number
            : container.Ports.Find(one => one.Name == name) is { } named ? named.Port
            : int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var written) ? written
            : throw new FormatException($"strconv.Atoi: parsing \"{name}\": invalid syntax");
        return number is > 0 and <= MostPort ? number : throw new FormatException($"invalid port number: {number}");
    }
}
