using System.Buffers;
using System.IO.Pipelines;

namespace Dataplane.Hosting.Spdy;

/// <summary>
/// One stream of a session: bytes both ways, each way ended for itself. Not for concurrent reads or concurrent writes. Once the
/// stream was reset or the session is over, writing throws <see cref="SpdyException"/>, and reading does after what had come.
/// </summary>
public sealed class SpdyStream : Stream
{
    private readonly SpdySession _session;
    private readonly Lock _gate = new();
    private readonly Pipe _received = new(new PipeOptions(pauseWriterThreshold: 0, resumeWriterThreshold: 0, useSynchronizationContext: false));
    private readonly Stream _reader;
    private readonly TaskCompletionSource _accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _unread;
    private bool _discards;
    private bool _remoteEnded;
    private bool _localEnded;
    private SpdyException? _failure;

    // Set when the peer's side has not ended by itself.
    private SpdyException? _brokenOff;

    internal SpdyStream(SpdySession session, int id, SpdyHeaders headers, SpdyFlags flags)
    {
        _session = session;
        Id = id;
        Headers = headers;
        _reader = _received.Reader.AsStream();
        _localEnded = (flags & SpdyFlags.Unidirectional) != 0;
        if ((flags & SpdyFlags.Fin) != 0)
        {
            EndRemote();
        }
    }

    /// <summary>Odd for streams that the client opened, even for the server's.</summary>
    public int Id { get; }

    /// <summary>What it was opened with.</summary>
    public SpdyHeaders Headers { get; }

    /// <summary>For a stream opened here: completes when the peer has accepted it, fails when it has refused.</summary>
    public Task Accepted => _accepted.Task;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Bytes that the peer has not been granted again. Guarded by the session.</summary>
    internal int Consumed { get; set; }

    /// <summary>Whether neither side will send any more.</summary>
    internal bool IsOver
    {
        get
        {
            lock (_gate)
            {
                return _failure is not null || (_localEnded && _remoteEnded);
            }
        }
    }

    /// <inheritdoc/>
    /// <returns>0 once the peer has ended its side.</returns>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await _reader.ReadAsync(buffer, cancellationToken);
        int counted;
        lock (_gate)
        {
            if (count == 0 && !buffer.IsEmpty && _brokenOff is { } failure)
            {
                throw new SpdyException(failure.Message, failure);
            }

            // Less when the stream was disposed meanwhile, which counts everything as read.
            counted = (int)Math.Min(count, _unread);
            _unread -= counted;
        }

        _session.Consumed(this, counted, buffered: counted);
        return count;
    }

    /// <inheritdoc/>
    /// <remarks>Cancellation counts until the bytes are queued; then they are sent, since half a frame cannot be.</remarks>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var room = await _session.Flow.TakeAsync(Id, Math.Min(buffer.Length, SpdyLimits.LargestDataSent), cancellationToken);
            await Queue(buffer[..room], fin: false);
            buffer = buffer[room..];
        }
    }

    /// <summary>Ends this side; the peer reads the end after what was written before.</summary>
    public Task CompleteWritesAsync()
    {
        lock (_gate)
        {
            if (_localEnded || _failure is not null)
            {
                return Task.CompletedTask;
            }
        }

        return Queue(default, fin: true);
    }

    /// <summary>Ends both sides at once; what was not read yet is lost.</summary>
    public void Reset(SpdyResetReason reason)
    {
        if (Fail(new SpdyException($"stream {Id} was reset: {reason}"), losesUnread: true))
        {
            _session.SendReset(Id, reason);
            _session.RemoveIfOver(this);
        }
    }

    /// <inheritdoc/>
    public override void Flush()
    {
        // Nothing is held back.
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("streams of a session are read asynchronously");

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("streams of a session are written asynchronously");

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Ends this side and throws away what the peer still sends, until it ends its own.</summary>
    public override async ValueTask DisposeAsync()
    {
        try
        {
            await CompleteWritesAsync();
        }
        catch (SpdyException)
        {
            // The session is over, and the stream with it.
        }

        Dispose();
    }

    /// <summary>The peer has accepted the stream.</summary>
    internal void Accept() => _accepted.TrySetResult();

    /// <summary>Called by the session's loop with data in the order it came.</summary>
    internal void Deliver(in ReadOnlySequence<byte> data)
    {
        lock (_gate)
        {
            if (!_discards && _failure is null)
            {
                _unread += data.Length;
                _session.Budget.Add((int)data.Length);
                foreach (var segment in data)
                {
                    _received.Writer.Write(segment.Span);
                }

                // Without a threshold it never waits.
                _received.Writer.FlushAsync().AsTask().GetAwaiter().GetResult();
                return;
            }
        }

        _session.Consumed(this, (int)data.Length, buffered: 0);
    }

    /// <returns>False when the peer had ended its side before.</returns>
    internal bool EndRemote()
    {
        lock (_gate)
        {
            if (_remoteEnded)
            {
                return false;
            }

            _remoteEnded = true;
            _received.Writer.Complete();
            return true;
        }
    }

    internal bool HasRemoteEnded
    {
        get
        {
            lock (_gate)
            {
                return _remoteEnded;
            }
        }
    }

    /// <param name="failure">What writing and reading throw from now on.</param>
    /// <param name="losesUnread">Whether what has come can be read no more.</param>
    /// <returns>False when it had failed, or ended on both sides, before.</returns>
    internal bool Fail(SpdyException failure, bool losesUnread = false)
    {
        lock (_gate)
        {
            if (_failure is not null || (_localEnded && _remoteEnded))
            {
                return false;
            }

            _failure = failure;
            _accepted.TrySetException(failure);
            _ = _accepted.Task.Exception;
            if (!_remoteEnded)
            {
                _brokenOff = failure;
                _received.Writer.Complete(losesUnread ? failure : null);
            }
        }

        return true;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        long unread;
        lock (_gate)
        {
            _discards = true;
            (unread, _unread) = (_unread, 0);
        }

        if (disposing)
        {
            _session.Consumed(this, (int)unread, buffered: (int)unread);
            _reader.Dispose();
        }

        base.Dispose(disposing);
    }

    private Task Queue(ReadOnlyMemory<byte> data, bool fin)
    {
        Task written;
        lock (_gate)
        {
            if (_failure is not null)
            {
                return Task.FromException(new SpdyException(_failure.Message, _failure));
            }

            if (_localEnded)
            {
                return Task.FromException(new SpdyException($"stream {Id}: this side has ended"));
            }

            _localEnded = fin;
            written = _session.QueueData(Id, data, fin);
        }

        if (fin)
        {
            _session.RemoveIfOver(this);
        }

        return written;
    }
}
