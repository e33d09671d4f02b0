using System.Buffers;
using System.Buffers.Binary;

namespace Dataplane.Hosting.Spdy;

public sealed partial class SpdySession
{
    private const uint IdMask = 0x7FFF_FFFF;
    private const int SettingSize = 8;

    private int PeerParity => _options.IsServer ? 1 : 0;

    /// <returns>False at the end of the connection.</returns>
    private async ValueTask<bool> ReadFrameAsync(CancellationToken cancellation)
    {
        var read = await _input.ReadAtLeastAsync(SpdyFrameHeader.Size, cancellation);
        if (read.Buffer.Length < SpdyFrameHeader.Size)
        {
            return read.Buffer.IsEmpty ? false : throw new SpdyException("the connection ended inside a frame");
        }

        var header = HeaderOf(read.Buffer);
        _input.AdvanceTo(read.Buffer.GetPosition(SpdyFrameHeader.Size));
        if (!header.IsControl)
        {
            await ReceiveDataAsync(header, cancellation);
            return true;
        }

        if (header.ControlVersion != SpdyFrameHeader.Version)
        {
            throw new SpdyException($"version {header.ControlVersion} instead of {SpdyFrameHeader.Version}");
        }

        if (header.Length > SpdyLimits.LargestControlFrame)
        {
            throw new SpdyException($"{header.Type}: {header.Length} bytes");
        }

        if (header.Length == 0)
        {
            ReceiveControl(header, default);
            return true;
        }

        read = await _input.ReadAtLeastAsync(header.Length, cancellation);
        if (read.Buffer.Length < header.Length)
        {
            throw new SpdyException("the connection ended inside a frame");
        }

        var payload = read.Buffer.Slice(0, header.Length).ToArray();
        _input.AdvanceTo(read.Buffer.GetPosition(header.Length));
        ReceiveControl(header, payload);
        return true;
    }

    private static SpdyFrameHeader HeaderOf(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> bytes = stackalloc byte[SpdyFrameHeader.Size];
        buffer.Slice(0, SpdyFrameHeader.Size).CopyTo(bytes);
        return SpdyFrameHeader.Read(bytes);
    }

    private async ValueTask ReceiveDataAsync(SpdyFrameHeader header, CancellationToken cancellation)
    {
        var stream = Find(header.StreamId);
        if (stream is null && !IsOld(header.StreamId))
        {
            SendReset(header.StreamId, SpdyResetReason.InvalidStream);
        }

        if (stream?.HasRemoteEnded == true)
        {
            stream.Reset(SpdyResetReason.StreamAlreadyClosed);
            stream = null;
        }

        for (var left = header.Length; left > 0;)
        {
            await Budget.WaitAsync(cancellation);
            var read = await _input.ReadAsync(cancellation);
            if (read.Buffer.IsEmpty)
            {
                throw new SpdyException("the connection ended inside a frame");
            }

            var part = read.Buffer.Slice(0, Math.Min(left, read.Buffer.Length));
            left -= (int)part.Length;
            if (stream is null)
            {
                Consumed(null, (int)part.Length, buffered: 0);
            }
            else
            {
                stream.Deliver(part);
            }

            _input.AdvanceTo(part.End);
        }

        if (header.IsFin && stream is not null)
        {
            stream.EndRemote();
            RemoveIfOver(stream);
        }
    }

    private void ReceiveControl(SpdyFrameHeader header, ReadOnlyMemory<byte> payload)
    {
        switch (header.Type)
        {
            case SpdyFrameType.SynStream:
                AcceptStream(header.Flags, StreamOf(payload, 10), _inflater.Decompress(payload[10..]));
                break;
            case SpdyFrameType.SynReply:
                var answered = StreamOf(payload, 4);
                _inflater.Decompress(payload[4..]);
                Find(answered)?.Accept();
                EndRemote(answered, header);
                break;
            case SpdyFrameType.Headers:
                // Their content means nothing to Kubernetes, but later blocks are compressed in view of them.
                var about = StreamOf(payload, 4);
                _inflater.Decompress(payload[4..]);
                EndRemote(about, header);
                break;
            case SpdyFrameType.RstStream:
                ResetByPeer(StreamOf(payload, 8), Number(payload, 4));
                break;
            case SpdyFrameType.Settings:
                ReceiveSettings(payload);
                break;
            case SpdyFrameType.Ping:
                var ping = Number(payload, 0);
                if ((ping & 1) == PeerParity)
                {
                    _sender.Control(SpdyFrameType.Ping, ping);
                }

                break;
            case SpdyFrameType.WindowUpdate:
                GrowWindow(StreamOf(payload, 8), (int)(Number(payload, 4) & IdMask));
                break;
            case SpdyFrameType.GoAway:
                // The peer opens no more streams and closes when those there are have ended.
                _ = Number(payload, 4);
                break;
            default:
                // Section 2.2.1: an unknown control frame is ignored.
                break;
        }
    }

    private void AcceptStream(SpdyFlags flags, int id, SpdyHeaders headers)
    {
        if ((id & 1) != PeerParity || id <= _lastOfPeer)
        {
            if (Find(id) is { } used)
            {
                used.Reset(SpdyResetReason.StreamInUse);
            }
            else
            {
                SendReset(id, SpdyResetReason.ProtocolError);
            }

            return;
        }

        _lastOfPeer = id;
        int open;
        lock (_gate)
        {
            open = _streams.Count;
        }

        if (open >= _options.MostStreams || _options.Admit?.Invoke(headers) == false)
        {
            SendReset(id, SpdyResetReason.RefusedStream);
            return;
        }

        var stream = new SpdyStream(this, id, headers, flags);
        lock (_gate)
        {
            Add(stream);
        }

        // Before anybody can write to it: spdystream drops data of a stream that has no reply yet.
        _sender.Headers(SpdyFrameType.SynReply, id, new SpdyHeaders());
        if (!_incoming.Writer.TryWrite(stream))
        {
            // Opened and ended faster than anybody takes them.
            stream.Reset(SpdyResetReason.RefusedStream);
        }

        RemoveIfOver(stream);
    }

    private void EndRemote(int id, SpdyFrameHeader header)
    {
        if (header.IsFin && Find(id) is { } stream)
        {
            stream.EndRemote();
            RemoveIfOver(stream);
        }
    }

    private void ResetByPeer(int id, uint reason)
    {
        if (Find(id) is { } stream)
        {
            if (_options.PeerIsSpdystream && (SpdyResetReason)reason == SpdyResetReason.Cancel)
            {
                stream.EndRemote();
            }

            stream.Fail(new SpdyException($"stream {id} was reset by the peer: {(SpdyResetReason)reason}"));
            RemoveIfOver(stream);
        }
    }

    private void ReceiveSettings(ReadOnlyMemory<byte> payload)
    {
        var count = Number(payload, 0);
        var entries = payload[4..];
        if (entries.Length % SettingSize != 0 || entries.Length / SettingSize != count)
        {
            throw new SpdyException($"Settings: {count} in {entries.Length} bytes");
        }

        for (; !entries.IsEmpty; entries = entries[SettingSize..])
        {
            const uint settingMask = 0xFF_FFFF;
            if ((Number(entries, 0) & settingMask) == SpdyLimits.InitialWindowSetting)
            {
                var size = Number(entries, 4);
                Flow.SetInitial(size <= SpdyLimits.LargestWindow ? (int)size : throw new SpdyException($"Settings: a window of {size} bytes"));
            }
        }
    }

    private void GrowWindow(int id, int delta)
    {
        if (Flow.Grow(id, delta))
        {
            return;
        }

        if (id == 0)
        {
            throw new SpdyException($"WindowUpdate: {delta} bytes more for the session");
        }

        Find(id)?.Reset(SpdyResetReason.FlowControlError);
    }

    /// <summary>Whether there was such a stream once; frames may cross its end.</summary>
    private bool IsOld(int id) => id > 0 && ((id & 1) == PeerParity ? id <= _lastOfPeer : id < _nextOwn);

    private static int StreamOf(ReadOnlyMemory<byte> payload, int needed) =>
        payload.Length >= needed ? (int)(Number(payload, 0) & IdMask) : throw new SpdyException($"a control frame of {payload.Length} bytes");

    private static uint Number(ReadOnlyMemory<byte> payload, int offset) =>
        payload.Length >= offset + 4
            ? BinaryPrimitives.ReadUInt32BigEndian(payload.Span[offset..])
            : throw new SpdyException($"a control frame of {payload.Length} bytes");
}
