using System.Buffers;
using System.Buffers.Binary;
using System.Threading.Channels;

namespace Dataplane.Hosting.Spdy;

/// <summary>
/// Writes frames in the order they were queued. A queue and not a lock, because the reading loop answers pings and resets and
/// must never wait for a peer that itself waits for us to read. Header blocks are compressed here: their order is the wire's.
/// </summary>
internal sealed class SpdySender : IAsyncDisposable
{
    private const int BatchSize = 64 * 1024;

    // Data waits for its sender; only a peer that provokes answers and does not read them gets here.
    private const int MostControlFrames = 4096;

    private readonly Channel<Outgoing> _queue = Channel.CreateUnbounded<Outgoing>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Stream _transport;
    private readonly SpdyDeflater _deflater = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;
    private int _controlFrames;

    /// <param name="transport">Owned by the sender.</param>
    internal SpdySender(Stream transport)
    {
        _transport = transport;
        _loop = RunAsync();
    }

    /// <summary>Queues a control frame of two numbers, or one.</summary>
    /// <exception cref="SpdyException">Too many wait already.</exception>
    internal void Control(SpdyFrameType type, uint first, uint? second = null)
    {
        var payload = new byte[second is null ? 4 : 8];
        BinaryPrimitives.WriteUInt32BigEndian(payload, first);
        if (second is { } number)
        {
            BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(4), number);
        }

        QueueControl(new Outgoing(type, SpdyFlags.None, 0, payload, null, null));
    }

    /// <summary>The last frame of a session; it has a place even when no other has.</summary>
    internal void GoAway(uint lastStream, SpdyGoAwayReason reason)
    {
        Interlocked.Exchange(ref _controlFrames, 0);
        Control(SpdyFrameType.GoAway, lastStream, (uint)reason);
    }

    /// <summary>Queues SYN_STREAM, SYN_REPLY or HEADERS.</summary>
    /// <inheritdoc cref="Control" path="/exception"/>
    internal void Headers(SpdyFrameType type, int stream, SpdyHeaders headers) =>
        QueueControl(new Outgoing(type, SpdyFlags.None, stream, default, headers, null));

    /// <summary>Sends data and waits until it has been handed to the transport; the memory must stay as it is until then.</summary>
    /// <exception cref="SpdyException">The connection is gone.</exception>
    internal Task DataAsync(int stream, ReadOnlyMemory<byte> data, bool fin)
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _queue.Writer.TryWrite(new Outgoing(null, fin ? SpdyFlags.Fin : SpdyFlags.None, stream, data, null, written))
            ? written.Task
            : Task.FromException(Gone(null));
    }

    /// <summary>Sends what is queued if the peer takes it within the limit, then ends.</summary>
    internal async Task CompleteAsync(TimeSpan limit)
    {
        _queue.Writer.TryComplete();
        _stopping.CancelAfter(limit);
        await _loop;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await CompleteAsync(TimeSpan.Zero);
        await _transport.DisposeAsync();
        _deflater.Dispose();
        _stopping.Dispose();
    }

    private void QueueControl(Outgoing frame)
    {
        if (Interlocked.Increment(ref _controlFrames) > MostControlFrames)
        {
            throw new SpdyException($"more than {MostControlFrames} answers wait for the peer to read them");
        }

        _queue.Writer.TryWrite(frame);
    }

    private async Task RunAsync()
    {
        var batch = new ArrayBufferWriter<byte>(BatchSize);
        var waiting = new List<TaskCompletionSource>();
        try
        {
            while (await _queue.Reader.WaitToReadAsync(_stopping.Token))
            {
                while (batch.WrittenCount < BatchSize && _queue.Reader.TryRead(out var frame))
                {
                    Append(frame, batch);
                    if (frame.Written is { } written)
                    {
                        waiting.Add(written);
                    }
                    else
                    {
                        Interlocked.Decrement(ref _controlFrames);
                    }
                }

                await _transport.WriteAsync(batch.WrittenMemory, _stopping.Token);
                await _transport.FlushAsync(_stopping.Token);
                batch.ResetWrittenCount();
                waiting.ForEach(static written => written.SetResult());
                waiting.Clear();
            }
        }
        catch (Exception failure)
        {
            // Whatever it was: nobody may wait for a frame that will never be written.
            _queue.Writer.TryComplete();
            waiting.ForEach(written => written.SetException(Gone(failure)));
            while (_queue.Reader.TryRead(out var frame))
            {
                frame.Written?.SetException(Gone(failure));
            }
        }
    }

    private void Append(in Outgoing frame, ArrayBufferWriter<byte> batch)
    {
        if (frame.Type is not { } type)
        {
            Append(SpdyFrameHeader.Data(frame.Stream, frame.Flags, frame.Payload.Length), batch);
            batch.Write(frame.Payload.Span);
            return;
        }

        if (frame.Headers is not { } headers)
        {
            Append(SpdyFrameHeader.Control(type, frame.Flags, frame.Payload.Length), batch);
            batch.Write(frame.Payload.Span);
            return;
        }

        // SYN_STREAM has the stream it belongs to (none), a priority and a slot between the ID and the block.
        var block = _deflater.Compress(headers);
        Span<byte> fields = stackalloc byte[type == SpdyFrameType.SynStream ? 10 : 4];
        fields.Clear();
        BinaryPrimitives.WriteInt32BigEndian(fields, frame.Stream);
        Append(SpdyFrameHeader.Control(type, frame.Flags, fields.Length + block.Length), batch);
        batch.Write(fields);
        batch.Write(block);
    }

    private static void Append(SpdyFrameHeader header, ArrayBufferWriter<byte> batch)
    {
        header.Write(batch.GetSpan(SpdyFrameHeader.Size));
        batch.Advance(SpdyFrameHeader.Size);
    }

    private static SpdyException Gone(Exception? cause) => new("the connection is gone", cause);

    /// <param name="Type">Null for a data frame.</param>
    /// <param name="Flags">Of the frame.</param>
    /// <param name="Stream">Of a data frame or one with headers.</param>
    /// <param name="Payload">All of the frame after its header, unless it has headers.</param>
    /// <param name="Headers">Compressed when it is written.</param>
    /// <param name="Written">Completes when it has been written; null for control frames.</param>
    private readonly record struct Outgoing(
        SpdyFrameType? Type, SpdyFlags Flags, int Stream, ReadOnlyMemory<byte> Payload, SpdyHeaders? Headers, TaskCompletionSource? Written);
}
