using System.Buffers;

namespace Dataplane.ControlPlane.Store;

/// <summary>
/// A version of an object as what sets it apart from another one, the base: the version that followed (the past is many versions that
/// hardly differ), or an object of its kind.
/// </summary>
/// <remarks>
/// Three numbers (7 bits a byte, the least first) and bytes, until the version is whole: bytes to copy from where the last copy
/// ended, bytes of the base to pass over, bytes to insert, those bytes.
/// </remarks>
internal sealed class VersionDelta
{
    /// <summary>What must be the same behind a difference. Shorter runs cost more to write down than to insert.</summary>
    private const int Anchor = 12;

    /// <summary>How many bytes of the version are looked at for a place where it runs together with the later one again.</summary>
    private const int Window = 256;

    /// <summary>How far behind a difference that place may be in the later version, which may have got something new.</summary>
    private const int LaterWindow = 4096;

    /// <summary>Bytes that a value may take for another of the same length to be looked for first.</summary>
    private const int LongestValue = 48;

    /// <summary>Bytes behind a difference after which not every place is tried.</summary>
    private const int Near = 16;

    /// <summary>Differences without an end in their window, before the versions count as having nothing in common.</summary>
    private const int MostLost = 8;

    /// <summary>A <see cref="StoredObject"/>, or bytes.</summary>
    private readonly object _base;

    private readonly byte[] _edits;
    private readonly int _length;

    private VersionDelta(object basis, byte[] edits, int length)
    {
        _base = basis;
        _edits = edits;
        _length = length;
    }

    /// <summary>Bytes that the differences take.</summary>
    public int Size => _edits.Length;

    /// <param name="version">What is to be told.</param>
    /// <param name="later">The base's bytes.</param>
    /// <param name="basis">Who has these bytes from now on: a <see cref="StoredObject"/>, or the array itself.</param>
    /// <returns>Null when the differences would take more than a quarter of the version.</returns>
    public static VersionDelta? Between(ReadOnlySpan<byte> version, ReadOnlySpan<byte> later, object basis)
    {
        var output = ArrayPool<byte>.Shared.Rent((version.Length / 4) + 64);
        try
        {
            var length = Write(version, later, output.AsSpan(0, version.Length / 4));
            return length > 0 ? new VersionDelta(basis, output.AsSpan(0, length).ToArray(), version.Length) : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(output);
        }
    }

    /// <summary>The version, in bytes of its own.</summary>
    public byte[] Restore()
    {
        var version = GC.AllocateUninitializedArray<byte>(_length);
        RestoreTo(version);
        return version;
    }

    /// <summary>Writes the version: as many bytes as it has.</summary>
    public void RestoreTo(Span<byte> version)
    {
        var later = _base is byte[] bytes ? bytes : ((StoredObject)_base).Json.Span;
        var (at, from, edit) = (0, 0, 0);
        while (at < version.Length)
        {
            var copied = Read(_edits, ref edit);
            later.Slice(from, copied).CopyTo(version[at..]);
            (at, from) = (at + copied, from + copied + Read(_edits, ref edit));
            var inserted = Read(_edits, ref edit);
            _edits.AsSpan(edit, inserted).CopyTo(version[at..]);
            (at, edit) = (at + inserted, edit + inserted);
        }
    }

    /// <returns>Bytes written; 0 when there is no room for them.</returns>
    private static int Write(ReadOnlySpan<byte> version, ReadOnlySpan<byte> later, Span<byte> output)
    {
        var (at, from, written, lost) = (0, 0, 0, 0);
        while (at < version.Length)
        {
            var same = version[at..].CommonPrefixLength(later[from..]);
            (at, from) = (at + same, from + same);
            var (inserted, passed, isLost) = Difference(version[at..], later[from..]);
            lost += isLost ? 1 : 0;
            if (lost > MostLost || written + inserted + 15 > output.Length)
            {
                return 0;
            }

            written += Put(output[written..], same);
            written += Put(output[written..], passed);
            written += Put(output[written..], inserted);
            version.Slice(at, inserted).CopyTo(output[written..]);
            (at, from, written) = (at + inserted, from + passed, written + inserted);
        }

        return written;
    }

    /// <summary>How much of either differs until both go on with the same bytes.</summary>
    private static (int Inserted, int Passed, bool IsLost) Difference(ReadOnlySpan<byte> version, ReadOnlySpan<byte> later)
    {
        // Mostly a value has another of the same length: a uid, an address, a time.
        for (var i = 0; i < Math.Min(LongestValue, Math.Min(version.Length, later.Length) - Anchor); i++)
        {
            if (later.Slice(i, Anchor).SequenceEqual(version.Slice(i, Anchor)))
            {
                return (i, i, false);
            }
        }

        var ahead = later[..Math.Min(later.Length, LaterWindow)];
        for (var i = 0; i < Math.Min(Window, version.Length - Anchor); i += i < Near ? 1 : 4)
        {
            var anchor = version.Slice(i, Anchor);
            if (ahead.IndexOf(anchor) is var found and >= 0)
            {
                return (i, found, false);
            }
        }

        return (Math.Min(Window, version.Length), 0, version.Length > Window);
    }

    private static int Put(Span<byte> output, int number)
    {
        var length = 0;
        for (; number > 0x7f; number >>= 7)
        {
            output[length++] = (byte)(number | 0x80);
        }

        output[length++] = (byte)number;
        return length;
    }

    private static int Read(byte[] edits, ref int at)
    {
        var number = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = edits[at++];
            number |= (next & 0x7f) << shift;
            if (next < 0x80)
            {
                return number;
            }
        }
    }
}
