using System.Buffers.Binary;

namespace Dataplane.Hosting.Spdy;

/// <summary>
/// The first eight bytes of a frame, big-endian.
/// <code>
/// control  |1| version 15 bits | type 16 bits |     data  |0| stream ID 31 bits |
///          | flags 8 | length 24 bits         |           | flags 8 | length 24  |
/// </code>
/// </summary>
internal readonly record struct SpdyFrameHeader
{
    internal const int Size = 8;
    internal const int Version = 3;

    private const uint ControlBit = 0x8000_0000;
    private const int LargestLength = 0xFF_FFFF;

    private SpdyFrameHeader(uint word, SpdyFlags flags, int length)
    {
        Word = word;
        Flags = flags;
        Length = length;
    }

    /// <summary>The first four bytes.</summary>
    private uint Word { get; }

    internal SpdyFlags Flags { get; }

    /// <summary>Bytes that follow the header.</summary>
    internal int Length { get; }

    internal bool IsControl => (Word & ControlBit) != 0;

    /// <summary>Of a control frame.</summary>
    internal int ControlVersion => (int)((Word & ~ControlBit) >> 16);

    /// <summary>Of a control frame.</summary>
    internal SpdyFrameType Type => (SpdyFrameType)(Word & 0xFFFF);

    /// <summary>Of a data frame.</summary>
    internal int StreamId => (int)(Word & ~ControlBit);

    internal bool IsFin => (Flags & SpdyFlags.Fin) != 0;

    internal static SpdyFrameHeader Control(SpdyFrameType type, SpdyFlags flags, int length) =>
        new(ControlBit | (Version << 16) | (uint)type, flags, Checked(length));

    internal static SpdyFrameHeader Data(int streamId, SpdyFlags flags, int length) => new((uint)streamId & ~ControlBit, flags, Checked(length));

    internal static SpdyFrameHeader Read(ReadOnlySpan<byte> bytes)
    {
        var second = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        return new SpdyFrameHeader(BinaryPrimitives.ReadUInt32BigEndian(bytes), (SpdyFlags)(second >> 24), (int)(second & LargestLength));
    }

    internal void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32BigEndian(bytes, Word);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], ((uint)Flags << 24) | (uint)Length);
    }

    private static int Checked(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, LargestLength);
        return length;
    }
}
