using System.Runtime.Intrinsics;

namespace Dataplane.Dns.Wire;

/// <summary>
/// An uncompressed, lower-case wire name with the offset of every label, so that a suffix is one slice and its comparison
/// one memory compare: <c>3www7example3com0</c>, offsets 0, 4, 12.
/// </summary>
internal readonly ref struct NameView
{
    /// <summary>Longest wire name including the root's length byte (RFC 1035, 3.1).</summary>
    internal const int MaxLength = 255;

    /// <summary>A 255-byte name has at most 127 labels of one byte each.</summary>
    internal const int MaxLabels = 127;

    private readonly ReadOnlySpan<byte> _offsets;

    internal NameView(ReadOnlySpan<byte> wire, ReadOnlySpan<byte> labelOffsets)
    {
        Wire = wire;
        _offsets = labelOffsets;
    }

    internal ReadOnlySpan<byte> Wire { get; }

    /// <summary>Labels without the root.</summary>
    internal int LabelCount => _offsets.Length;

    /// <summary>Splits a valid wire name.</summary>
    /// <param name="wire">A lower-case wire name, root included.</param>
    /// <param name="offsets">Room for <see cref="MaxLabels"/> offsets.</param>
    internal static NameView Split(ReadOnlySpan<byte> wire, Span<byte> offsets)
    {
        var count = 0;
        for (var at = 0; wire[at] != 0; at += wire[at] + 1)
        {
            offsets[count++] = (byte)at;
        }

        return new NameView(wire, offsets[..count]);
    }

    /// <summary>Offset of a label's length byte; the root's for <c>index == LabelCount</c>.</summary>
    internal int Offset(int index) => index == _offsets.Length ? Wire.Length - 1 : _offsets[index];

    /// <summary>A label's bytes without its length byte.</summary>
    internal ReadOnlySpan<byte> Label(int index)
    {
        int offset = _offsets[index];
        return Wire.Slice(offset + 1, Wire[offset]);
    }

    /// <summary>The labels <paramref name="first"/> up to but not including <paramref name="end"/>, length bytes included, no root.</summary>
    internal ReadOnlySpan<byte> Labels(int first, int end) => Wire[Offset(first)..Offset(end)];

    /// <summary>Everything from a label to the root.</summary>
    internal ReadOnlySpan<byte> Suffix(int first) => Wire[Offset(first)..];

    internal bool EndsWith(ReadOnlySpan<byte> zoneWire, int zoneLabels) =>
        LabelCount >= zoneLabels && Suffix(LabelCount - zoneLabels).SequenceEqual(zoneWire);

    /// <summary>
    /// Folds ASCII capitals in place. Length bytes are at most 63, below 'A', so a whole wire name can be folded without
    /// finding its labels.
    /// </summary>
    internal static void ToLower(Span<byte> wire)
    {
        var at = 0;
        var spread = Vector128.Create((byte)('Z' - 'A' + 1));
        for (; at + Vector128<byte>.Count <= wire.Length; at += Vector128<byte>.Count)
        {
            var bytes = Vector128.Create<byte>(wire.Slice(at, Vector128<byte>.Count));
            var capitals = Vector128.LessThan(bytes - Vector128.Create((byte)'A'), spread);
            (bytes | (capitals & Vector128.Create((byte)0x20))).CopyTo(wire[at..]);
        }

        for (; at < wire.Length; at++)
        {
            if ((uint)(wire[at] - 'A') <= 'Z' - 'A')
            {
                wire[at] |= 0x20;
            }
        }
    }
}
