using System.IO.Pipelines;
using System.Threading.Channels;

namespace Dataplane.Hosting.Spdy;

/// <summary>What a session may do.</summary>
public sealed record SpdySessionOptions
{
    /// <summary>Whether the peer is the client, whose streams have odd IDs.</summary>
    public bool IsServer { get; init; } = true;

    /// <summary>Decides by its headers whether a stream of the peer is accepted; a refused one is reset. Null accepts all.</summary>
    public Func<SpdyHeaders, bool>? Admit { get; init; }

    /// <summary>
    /// Whether the peer serves by Go's spdystream, as container runtimes do. When it is done it resets all streams, so one that it
    /// cancels has ended and not failed; and it closes the connection without waiting for what it has sent to be read. Whatever it
    /// has not read by then, or comes later, makes its kernel throw all of that away: it is sent no WINDOW_UPDATE, for which it has
    /// no use.
    /// </summary>
    public bool PeerIsSpdystream { get; init; }

    /// <summary>Streams of the peer that may be open at once; more are refused.</summary>
    public int MostStreams { get; init; } = 1024;

    /// <summary>Bytes from the peer that may wait unread, over all streams, before the connection is left unread.</summary>
    public long MostUnread { get; init; } = 1024 * 1024;
}

/// <summary>
/// One end of a SPDY/3.1 connection, over any byte stream: an upgraded HTTP connection, or the messages of a WebSocket. Kubernetes
/// carries exec, attach and port-forward in it. Written for what its peers do (spdystream), tolerant of what the draft allows.
/// </summary>
/// <remarks>
/// <see cref="RunAsync"/> reads; everything is sent by one loop of <see cref="SpdySender"/>. A frame that cannot be right ends the
/// session with GOAWAY, one for a stream that cannot take it resets that stream.
/// </remarks>
public sealed partial class SpdySession : IAsyncDisposable
{
    private static readonly TimeSpan GoodByeLimit = TimeSpan.FromSeconds(5);

    private readonly SpdySessionOptions _options;
    private readonly PipeReader _input;
    private readonly SpdySender _sender;
    private readonly SpdyInflater _inflater = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<int, SpdyStream> _streams = [];
    private readonly Channel<SpdyStream> _incoming;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _running;
    private bool _disposed;
    private int _lastOfPeer;
    private int _nextOwn;
    private int _consumedOfSession;
    private bool _over;

    /// <param name="transport">Owned by the session.</param>
    /// <param name="options">Limits and role.</param>
    public SpdySession(Stream transport, SpdySessionOptions options)
    {
        _options = options;
        _input = PipeReader.Create(transport, new StreamPipeReaderOptions(bufferSize: 32 * 1024, leaveOpen: true));
        _sender = new SpdySender(transport);
        _incoming = Channel.CreateBounded<SpdyStream>(options.MostStreams);
        _nextOwn = options.IsServer ? 2 : 1;
        Budget = new SpdyReceiveBudget(options.MostUnread);
    }

    /// <summary>Streams that the peer has opened, already accepted. Completes when the session is over.</summary>
    public ChannelReader<SpdyStream> Incoming => _incoming.Reader;

    internal SpdySendFlow Flow { get; } = new();

    internal SpdyReceiveBudget Budget { get; }

    /// <summary>Reads until the peer closes, or something cannot be right; then every stream is over. Call once.</summary>
    /// <returns>What was wrong; null when the peer closed.</returns>
    public async Task<SpdyException?> RunAsync(CancellationToken cancellation)
    {
        SpdyException? failure = null;
        _running = true;
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _stopping.Token);
        try
        {
            while (await ReadFrameAsync(stopping.Token))
            {
            }
        }
        catch (SpdyException wrong)
        {
            failure = wrong;
            GoAway(SpdyGoAwayReason.ProtocolError);
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or ObjectDisposedException or System.Net.WebSockets.WebSocketException)
        {
            // How most clients end: by closing the connection, or by not being there any more.
        }
        finally
        {
            End(failure);
            await _sender.CompleteAsync(GoodByeLimit);
            _finished.SetResult();
        }

        return failure;
    }

    /// <summary>Opens a stream. It can be written at once; <see cref="SpdyStream.Accepted"/> says what the peer thinks of it.</summary>
    /// <exception cref="SpdyException">The session is over.</exception>
    public SpdyStream Open(SpdyHeaders headers)
    {
        lock (_gate)
        {
            if (_over)
            {
                throw new SpdyException("the session is over");
            }

            var stream = new SpdyStream(this, _nextOwn, headers, SpdyFlags.None);
            _nextOwn += 2;
            Add(stream);
            _sender.Headers(SpdyFrameType.SynStream, stream.Id, headers);
            return stream;
        }
    }

    /// <summary>Sends what is queued and GOAWAY if the peer takes it within seconds, then closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, true))
        {
            return;
        }

        GoAway(SpdyGoAwayReason.Ok);
        End(null);
        await _sender.CompleteAsync(GoodByeLimit);
        await _stopping.CancelAsync();
        if (_running)
        {
            await _finished.Task;
        }

        await _sender.DisposeAsync();
        await _input.CompleteAsync();
        _inflater.Dispose();
        _stopping.Dispose();
    }

    internal Task QueueData(int stream, ReadOnlyMemory<byte> data, bool fin) => _sender.DataAsync(stream, data, fin);

    internal void SendReset(int stream, SpdyResetReason reason) => _sender.Control(SpdyFrameType.RstStream, (uint)stream, (uint)reason);

    internal void RemoveIfOver(SpdyStream stream)
    {
        if (!stream.IsOver)
        {
            return;
        }

        lock (_gate)
        {
            _streams.Remove(stream.Id);
        }

        Flow.Remove(stream.Id);
    }

    /// <summary>Bytes of a stream have been read or thrown away: grants the peer as many again, in steps of half a window.</summary>
    /// <param name="stream">Whose; null when it is over.</param>
    /// <param name="count">Bytes that came.</param>
    /// <param name="buffered">How many of them had counted as unread.</param>
    internal void Consumed(SpdyStream? stream, int count, int buffered)
    {
        if (buffered > 0)
        {
            Budget.Release(buffered);
        }

        if (_options.PeerIsSpdystream)
        {
            return;
        }

        const int step = SpdyLimits.InitialWindow / 2;
        int ofStream = 0, ofSession;
        lock (_gate)
        {
            if (stream is not null)
            {
                stream.Consumed += count;
                ofStream = stream.Consumed >= step && !stream.HasRemoteEnded ? stream.Consumed : 0;
                stream.Consumed -= ofStream;
            }

            _consumedOfSession += count;
            ofSession = _consumedOfSession >= step ? _consumedOfSession : 0;
            _consumedOfSession -= ofSession;
            if (_over)
            {
                return;
            }
        }

        if (ofStream > 0)
        {
            _sender.Control(SpdyFrameType.WindowUpdate, (uint)stream!.Id, (uint)ofStream);
        }

        if (ofSession > 0)
        {
            _sender.Control(SpdyFrameType.WindowUpdate, 0, (uint)ofSession);
        }
    }

    private void Add(SpdyStream stream)
    {
        _streams.Add(stream.Id, stream);
        Flow.Add(stream.Id);
    }

    private SpdyStream? Find(int id)
    {
        lock (_gate)
        {
            return _streams.GetValueOrDefault(id);
        }
    }

    private void GoAway(SpdyGoAwayReason reason)
    {
        lock (_gate)
        {
            if (_over)
            {
                return;
            }
        }

        _sender.GoAway((uint)_lastOfPeer, reason);
    }

    private void End(SpdyException? failure)
    {
        SpdyStream[] left;
        lock (_gate)
        {
            if (_over)
            {
                return;
            }

            _over = true;
            left = [.. _streams.Values];
            _streams.Clear();
        }

        _incoming.Writer.TryComplete();
        foreach (var stream in left)
        {
            stream.Fail(failure ?? new SpdyException("the connection was closed"));
            Flow.Remove(stream.Id);
        }
    }
}
