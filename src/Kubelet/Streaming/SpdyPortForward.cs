using System.Globalization;
using System.Text;
using Dataplane.Hosting.Spdy;

namespace Dataplane.Kubelet.Streaming;

/// <summary>
/// Port forwarding over SPDY. For each connection the client opens two streams with the same <c>requestid</c>: "error", on which
/// it is told what went wrong, and "data". A connection that fails leaves the others alone.
/// </summary>
internal sealed class SpdyPortForward(SpdySession session, PortForwarder forwarder, TimeProvider time)
{
    internal const string Protocol = "portforward.k8s.io";

    private static readonly TimeSpan PairLimit = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, SpdyStream> _halves = [];
    private readonly Lock _gate = new();

    internal static SpdySessionOptions Options { get; } = new() { Admit = IsPort, MostStreams = 2048 };

    /// <summary>Serves until the client closes.</summary>
    internal async Task RunAsync(CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var run = session.RunAsync(cancellation);
        var connections = new List<Task>();
        await foreach (var stream in session.Incoming.ReadAllAsync(cancellation))
        {
            connections.RemoveAll(static one => one.IsCompleted);
            if (Pair(stream) is { } pair)
            {
                connections.Add(ServeAsync(pair.Data, pair.Error, ending.Token));
            }
            else
            {
                connections.Add(ExpireAsync(stream, ending.Token));
            }
        }

        await ending.CancelAsync();
        await Task.WhenAll(connections).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await run;
    }

    private static bool IsPort(SpdyHeaders headers) =>
        headers[SpdyClient.TypeHeader] is "error" or "data"
        && ushort.TryParse(headers["port"], NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0;

    private static bool IsData(SpdyStream stream) => stream.Headers[SpdyClient.TypeHeader] == "data";

    /// <summary>Clients from before there were request IDs open the data stream right after the error stream.</summary>
    private static string RequestOf(SpdyStream stream) =>
        stream.Headers["requestid"] is { Length: > 0 } id ? id : (IsData(stream) ? stream.Id - 2 : stream.Id).ToString(CultureInfo.InvariantCulture);

    /// <returns>Both streams of a connection once there are; null for the first of them.</returns>
    private (SpdyStream Data, SpdyStream Error)? Pair(SpdyStream stream)
    {
        lock (_gate)
        {
            if (_halves.Remove(RequestOf(stream), out var other) && IsData(other) != IsData(stream))
            {
                return IsData(stream) ? (stream, other) : (other, stream);
            }

            // Two of a kind make no connection: the later one counts, the earlier one ends.
            other?.Reset(SpdyResetReason.Cancel);
            _halves[RequestOf(stream)] = stream;
            return null;
        }
    }

    private async Task ExpireAsync(SpdyStream half, CancellationToken cancellation)
    {
        await Task.Delay(PairLimit, time, cancellation);
        lock (_gate)
        {
            if (_halves.GetValueOrDefault(RequestOf(half)) != half)
            {
                return;
            }

            _halves.Remove(RequestOf(half));
        }

        half.Reset(SpdyResetReason.Cancel);
    }

    private async Task ServeAsync(SpdyStream data, SpdyStream error, CancellationToken cancellation)
    {
        await using (error)
        await using (data)
        {
            var port = int.Parse(data.Headers["port"], CultureInfo.InvariantCulture);
            if (await forwarder.ForwardAsync(port, data, cancellation) is { } problem)
            {
                await error.WriteAsync(Encoding.UTF8.GetBytes(problem), cancellation);
            }
        }
    }
}
