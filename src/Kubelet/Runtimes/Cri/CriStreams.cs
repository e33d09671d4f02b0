using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Hosting.Spdy;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Runtimes.Cri;

/// <summary>
/// The client of a runtime's streaming server, to which exec and attach lead: SPDY with one stream each for input, output, error
/// output, status and sizes (protocol v4.channel.k8s.io).
/// </summary>
internal sealed class CriStreams(NetworkNamespace? node, CancellationToken stopping)
{
    private const string Protocol = "v4.channel.k8s.io";

    /// <exception cref="IOException">The server is not there, or refuses.</exception>
    internal async Task<ContainerProgram> OpenAsync(string url, ProgramStreamsRequest request, bool isTerminal)
    {
        var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null, ConnectCallback = ConnectAsync });
        try
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, url);
            message.Headers.Add("Connection", "Upgrade");
            message.Headers.Add("Upgrade", "SPDY/3.1");
            message.Headers.Add("X-Stream-Protocol-Version", Protocol);
            var answer = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, stopping);
            if (answer.StatusCode != System.Net.HttpStatusCode.SwitchingProtocols)
            {
                throw new IOException($"the runtime's streaming server: {await answer.Content.ReadAsStringAsync(stopping)}");
            }

            var session = new SpdySession(await answer.Content.ReadAsStreamAsync(stopping), new SpdySessionOptions { IsServer = false, PeerIsSpdystream = true });
            return Program(http, session, request, isTerminal);
        }
        catch (HttpRequestException gone)
        {
            http.Dispose();
            throw new IOException($"the runtime's streaming server: {gone.Message}", gone);
        }
        catch
        {
            http.Dispose();
            throw;
        }
    }

    /// <summary>The server listens on the node's loopback address.</summary>
    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        var socket = node is null ? Open() : node.Invoke(Open);
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        static Socket Open() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    }

    private ContainerProgram Program(HttpClient http, SpdySession session, ProgramStreamsRequest request, bool isTerminal)
    {
        var run = session.RunAsync(stopping);
        var error = Open("error");
        var input = request.Input ? Open("stdin") : null;
        var output = request.Output ? Open("stdout") : null;
        var errors = request.Error && !isTerminal ? Open("stderr") : null;
        var sizes = isTerminal ? Open("resize") : null;
        return new ContainerProgram(() => _ = CloseAsync(http, session, run))
        {
            // Whether the container's input ends with it, and when an attached session is over, is the runtime's to say: only it knows when it has read all.
            Input = input is null ? null : new ProgramInput(input.WriteAsync, () => _ = input.CompleteWritesAsync()),
            Output = output,
            Error = errors,
            Resize = sizes is null ? null : size => _ = ResizeAsync(sizes, size),
            Exit = ExitAsync(error),
        };

        SpdyStream Open(string type) => session.Open(new SpdyHeaders([new("streamtype", type)]));
    }

    private static async Task CloseAsync(HttpClient http, SpdySession session, Task run)
    {
        await session.DisposeAsync();
        await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        http.Dispose();
    }

    private async Task ResizeAsync(SpdyStream sizes, TerminalSize size)
    {
        try
        {
            await sizes.WriteAsync(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"Width\":{size.Columns},\"Height\":{size.Rows}}}\n")), stopping);
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // What is said to a terminal that has gone is lost.
        }
    }

    /// <summary>The status comes last: a Status object, whose causes tell the exit code.</summary>
    private async Task<ExitStatus> ExitAsync(SpdyStream error)
    {
        try
        {
            using var reader = new StreamReader(error, Encoding.UTF8, leaveOpen: true);
            var text = await reader.ReadToEndAsync(stopping);
            if (text.Length == 0)
            {
                return new ExitStatus(0, 0);
            }

            var status = JsonNode.Parse(text);
            if ((string?)status?["status"] == "Success")
            {
                return new ExitStatus(0, 0);
            }

            var cause = status?["details"]?["causes"]?.AsArray().FirstOrDefault(one => (string?)one?["reason"] == "ExitCode");
            return int.TryParse((string?)cause?["message"], CultureInfo.InvariantCulture, out var code)
                ? new ExitStatus(code, 0)
                : throw new ContainerStartException((string?)status?["message"] ?? text);
        }
        catch (Exception broken) when (broken is IOException or JsonException)
        {
            throw new ContainerStartException($"the stream of the runtime broke: {broken.Message}", broken);
        }
    }
}
