using System.Threading.Channels;
using Dataplane.Api;
using Dataplane.Hosting.Spdy;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Streaming;

/// <summary>
/// exec and attach over SPDY: one stream each for input, output, error output, the status and terminal sizes, told apart by
/// their header <c>streamtype</c>. Versions 1 to 4 of the protocol, as upstream's kubelet has them.
/// </summary>
internal sealed class SpdyClient : IRemoteClient
{
    internal const string TypeHeader = "streamtype";

    private readonly SpdySession _session;
    private readonly Task<SpdyException?> _run;
    private readonly Dictionary<string, SpdyStream> _streams = [];
    private readonly bool _hasStatus;
    private readonly Channel<TerminalSize> _sizes = Channel.CreateBounded<TerminalSize>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    private Task _sizing = Task.CompletedTask;
    private int _sending;

    private SpdyClient(SpdySession session, string protocol, CancellationToken cancellation)
    {
        _session = session;
        _hasStatus = protocol == Protocols[0];
        _run = session.RunAsync(cancellation);
    }

    /// <summary>Newest first. v1 differs from v2 in faults of old clients only.</summary>
    internal static IReadOnlyList<string> Protocols { get; } = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"];

    public Stream? Input => _streams.GetValueOrDefault("stdin");

    public ChannelReader<TerminalSize> Sizes => _sizes.Reader;

    public Task Gone => _run;

    public bool IsSending => Volatile.Read(ref _sending) > 0;

    /// <summary>Waits until the client has opened every stream that it asked for.</summary>
    /// <exception cref="SpdyException">It has gone before.</exception>
    /// <exception cref="OperationCanceledException">It took too long.</exception>
    internal static async Task<SpdyClient> StartAsync(
        SpdySession session, string protocol, ProgramStreamsRequest streams, bool terminal, CancellationToken waiting, CancellationToken cancellation)
    {
        var client = new SpdyClient(session, protocol, cancellation);
        try
        {
            await client.CollectAsync(Expected(protocol, streams, terminal), waiting);
            return client;
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    public ValueTask SendOutputAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation) => SendAsync("stdout", data, cancellation);

    public ValueTask SendErrorAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation) => SendAsync("stderr", data, cancellation);

    public async Task EndAsync(Status status, CancellationToken cancellation)
    {
        await SendAsync("error", RemoteCommandStatus.Encode(status, _hasStatus), cancellation);
        foreach (var stream in _streams.Values)
        {
            await stream.CompleteWritesAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _session.DisposeAsync();
        await _run;
        await _sizing;
    }

    private static HashSet<string> Expected(string protocol, ProgramStreamsRequest streams, bool terminal)
    {
        var expected = new HashSet<string>(StringComparer.Ordinal) { "error" };
        AddIf("stdin", streams.Input);
        AddIf("stdout", streams.Output);
        AddIf("stderr", streams.Error);
        AddIf("resize", terminal && (protocol == Protocols[0] || protocol == Protocols[1]));
        return expected;

        void AddIf(string type, bool wanted)
        {
            if (wanted)
            {
                expected.Add(type);
            }
        }
    }

    private async Task CollectAsync(HashSet<string> expected, CancellationToken waiting)
    {
        while (expected.Count > 0)
        {
            SpdyStream stream;
            try
            {
                stream = await _session.Incoming.ReadAsync(waiting);
            }
            catch (ChannelClosedException)
            {
                throw await _run ?? new SpdyException("the client closed before it had opened its streams");
            }

            var type = stream.Headers[TypeHeader];
            if (!expected.Remove(type))
            {
                stream.Reset(SpdyResetReason.RefusedStream);
                continue;
            }

            _streams.Add(type, stream);
            if (type == "resize")
            {
                _sizing = ReadSizesAsync(stream);
            }
        }
    }

    private async Task ReadSizesAsync(SpdyStream stream)
    {
        var reader = new TerminalSizeReader();
        var buffer = new byte[256];
        try
        {
            while (await stream.ReadAsync(buffer) is var count and > 0)
            {
                foreach (var size in reader.Take(buffer.AsMemory(0, count)))
                {
                    _sizes.Writer.TryWrite(size);
                }
            }
        }
        catch (SpdyException)
        {
            // The stream or the session has ended; there are no more sizes.
        }
        finally
        {
            _sizes.Writer.Complete();
        }
    }

    private async ValueTask SendAsync(string type, ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _sending);
        try
        {
            await _streams[type].WriteAsync(data, cancellation);
        }
        finally
        {
            Interlocked.Decrement(ref _sending);
        }
    }
}
