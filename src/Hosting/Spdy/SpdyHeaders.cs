using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Dataplane.Hosting.Spdy;

/// <summary>
/// Names and values that open a stream. Names are compared without case; Kubernetes sends <c>streamtype</c>, <c>port</c> and
/// <c>requestid</c>.
/// </summary>
public sealed class SpdyHeaders
{
    // Latin-1 keeps every byte, so that what is read can be written again as it was.
    private static readonly Encoding Text = Encoding.Latin1;

    private readonly List<KeyValuePair<string, string>> _pairs = [];

    /// <summary>None.</summary>
    public SpdyHeaders()
    {
    }

    /// <summary>Those of a list, in its order.</summary>
    public SpdyHeaders(IEnumerable<KeyValuePair<string, string>> pairs) => _pairs.AddRange(pairs);

    /// <summary>In the order of the wire.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Pairs => _pairs;

    /// <summary>The value of a name; empty without one.</summary>
    public string this[string name] => _pairs.Find(pair => pair.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value ?? "";

    /// <summary>Reads a decompressed block: a count, then for each pair two lengths with their bytes, all numbers 32 bits big-endian.</summary>
    /// <exception cref="SpdyException">It is not one.</exception>
    internal static SpdyHeaders Decode(ReadOnlySpan<byte> block)
    {
        var headers = new SpdyHeaders();
        var count = TakeLength(ref block);

        // Each pair has eight bytes at least: a count that cannot be true is refused before anything is made of it.
        if (count > block.Length / 8)
        {
            throw new SpdyException($"header block: {count} headers in {block.Length} bytes");
        }

        for (var i = 0; i < count; i++)
        {
            var name = TakeText(ref block);
            headers._pairs.Add(new KeyValuePair<string, string>(name, TakeText(ref block)));
        }

        return block.IsEmpty ? headers : throw new SpdyException($"header block: {block.Length} bytes too many");
    }

    /// <summary>Writes the block that <see cref="Decode"/> reads.</summary>
    internal void Encode(IBufferWriter<byte> output)
    {
        WriteLength(output, _pairs.Count);
        foreach (var (name, value) in _pairs)
        {
            WriteText(output, name);
            WriteText(output, value);
        }
    }

    private static int TakeLength(ref ReadOnlySpan<byte> block)
    {
        if (block.Length < 4)
        {
            throw new SpdyException("header block: cut off");
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(block);
        block = block[4..];
        return length <= int.MaxValue ? (int)length : throw new SpdyException($"header block: a length of {length}");
    }

    private static string TakeText(ref ReadOnlySpan<byte> block)
    {
        var length = TakeLength(ref block);
        if (length > block.Length)
        {
            throw new SpdyException("header block: cut off");
        }

        var text = Text.GetString(block[..length]);
        block = block[length..];
        return text;
    }

    private static void WriteText(IBufferWriter<byte> output, string text)
    {
        WriteLength(output, Text.GetByteCount(text));
        Text.GetBytes(text, output);
    }

    private static void WriteLength(IBufferWriter<byte> output, int length)
    {
        BinaryPrimitives.WriteInt32BigEndian(output.GetSpan(4), length);
        output.Advance(4);
    }
}
