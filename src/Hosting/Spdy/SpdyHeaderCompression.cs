using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;

namespace Dataplane.Hosting.Spdy;

/// <summary>Compresses the header blocks that one side of a session sends: one zlib stream, flushed after each block.</summary>
/// <remarks>The dictionary helps a few bytes; a receiver takes a zlib stream without it too (RFC 1950, FDICT).</remarks>
internal sealed class SpdyDeflater : IDisposable
{
    private readonly MemoryStream _compressed = new();
    private readonly ZLibStream _zlib;

    internal SpdyDeflater() => _zlib = new ZLibStream(_compressed, CompressionLevel.Fastest, leaveOpen: true);

    /// <returns>Valid until the next call.</returns>
    internal ReadOnlySpan<byte> Compress(SpdyHeaders headers)
    {
        var block = new ArrayBufferWriter<byte>();
        headers.Encode(block);
        _compressed.SetLength(0);
        _zlib.Write(block.WrittenSpan);
        _zlib.Flush();
        return _compressed.GetBuffer().AsSpan(0, (int)_compressed.Length);
    }

    public void Dispose()
    {
        _zlib.Dispose();
        _compressed.Dispose();
    }
}

/// <summary>
/// Reads the header blocks that the other side sends. DeflateStream has no preset dictionary, so the dictionary is put before
/// the peer's bytes as a stored block and its output thrown away: what a back reference reaches is then the same.
/// </summary>
internal sealed class SpdyInflater : IDisposable
{
    private const int PresetDictionaryFlag = 0x20;

    private readonly Feed _feed = new();
    private readonly DeflateStream _inflate;
    private bool _started;

    internal SpdyInflater()
    {
        var dictionary = SpdyDictionary.Bytes;

        // RFC 1951, 3.2.4: not the last block, stored, length and its complement little-endian.
        var stored = new byte[5 + dictionary.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(stored.AsSpan(1), (ushort)dictionary.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(stored.AsSpan(3), (ushort)~dictionary.Length);
        dictionary.CopyTo(stored, 5);
        _feed.Set(stored);
        _inflate = new DeflateStream(_feed, CompressionMode.Decompress, leaveOpen: true);
        _inflate.ReadExactly(new byte[dictionary.Length]);
    }

    /// <exception cref="SpdyException">Not compressed data, not a header block, or too large a one.</exception>
    internal SpdyHeaders Decompress(ReadOnlyMemory<byte> compressed)
    {
        if (!_started)
        {
            compressed = compressed[ZlibHeader(compressed.Span)..];
            _started = true;
        }

        var block = new byte[SpdyLimits.LargestHeaderBlock + 1];
        var length = 0;
        _feed.Set(compressed);
        try
        {
            while (length < block.Length && _inflate.Read(block, length, block.Length - length) is var count and > 0)
            {
                length += count;
            }
        }
        catch (InvalidDataException broken)
        {
            throw new SpdyException($"header compression: {broken.Message}", broken);
        }

        return length <= SpdyLimits.LargestHeaderBlock
            ? SpdyHeaders.Decode(block.AsSpan(0, length))
            : throw new SpdyException($"header block: more than {SpdyLimits.LargestHeaderBlock} bytes");
    }

    public void Dispose()
    {
        _inflate.Dispose();
        _feed.Dispose();
    }

    /// <summary>Length of the zlib header before the first block: RFC 1950, with the dictionary's checksum when the flag is set.</summary>
    private static int ZlibHeader(ReadOnlySpan<byte> bytes)
    {
        const int deflateMethod = 8;
        if (bytes.Length < 2 || (bytes[0] & 0xF) != deflateMethod || ((bytes[0] << 8) | bytes[1]) % 31 != 0)
        {
            throw new SpdyException("header compression: no zlib header");
        }

        var length = (bytes[1] & PresetDictionaryFlag) == 0 ? 2 : 6;
        return bytes.Length >= length ? length : throw new SpdyException("header compression: no zlib header");
    }

    /// <summary>Hands out what it was given last; its end is not the end of the compressed stream.</summary>
    private sealed class Feed : Stream
    {
        private ReadOnlyMemory<byte> _left;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var count = Math.Min(buffer.Length, _left.Length);
            _left.Span[..count].CopyTo(buffer);
            _left = _left[count..];
            return count;
        }

        public override void Flush()
        {
            // Nothing is written.
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        internal void Set(ReadOnlyMemory<byte> bytes) => _left = bytes;
    }
}
