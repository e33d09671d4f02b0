using System.Buffers.Binary;

namespace Dataplane.Dns.Wire;

/// <summary>
/// Writes a message into a caller's buffer up to a limit. Overflow is sticky: a writer that ran out of room writes nothing
/// more, and the caller takes back the record it was in by <see cref="Rewind"/>.
/// </summary>
internal ref struct DnsWriter
{
    private const int MaxPointerTarget = 0x3FFF;

    private readonly Span<byte> _buffer;
    private readonly Span<ushort> _suffixes;
    private int _suffixCount;
    private int _limit;

    /// <param name="buffer">The whole message.</param>
    /// <param name="position">First byte to write, behind what is already there.</param>
    /// <param name="limit">Length the message may reach.</param>
    /// <param name="suffixes">Room to remember label offsets for <see cref="CompressedName"/>; may be empty.</param>
    internal DnsWriter(Span<byte> buffer, int position, int limit, Span<ushort> suffixes = default)
    {
        _buffer = buffer;
        _suffixes = suffixes;
        _limit = Math.Min(limit, buffer.Length);
        Position = position;
    }

    internal int Position { get; private set; }

    internal bool Overflowed { get; private set; }

    /// <summary>Bytes left before the limit.</summary>
    internal readonly int Room => _limit - Position;

    /// <summary>Moves the limit: the room kept back for an OPT record is given free at the end.</summary>
    internal void SetLimit(int limit) => _limit = Math.Min(limit, _buffer.Length);

    internal void Rewind(int position)
    {
        Position = position;
        Overflowed = false;
        while (_suffixCount > 0 && _suffixes[_suffixCount - 1] >= position)
        {
            _suffixCount--;
        }
    }

    internal void U8(byte value)
    {
        if (Reserve(sizeof(byte)) is { IsEmpty: false } room)
        {
            room[0] = value;
        }
    }

    internal void U16BigEndian(int value)
    {
        if (Reserve(sizeof(ushort)) is { IsEmpty: false } room)
        {
            BinaryPrimitives.WriteUInt16BigEndian(room, (ushort)value);
        }
    }

    internal void U32BigEndian(uint value)
    {
        if (Reserve(sizeof(uint)) is { IsEmpty: false } room)
        {
            BinaryPrimitives.WriteUInt32BigEndian(room, value);
        }
    }

    /// <summary>Bytes as they are; also an uncompressed name, or labels before a name that follows.</summary>
    internal void Bytes(scoped ReadOnlySpan<byte> bytes)
    {
        if (Reserve(bytes.Length) is { IsEmpty: false } room)
        {
            bytes.CopyTo(room);
        }
    }

    /// <summary>A compression pointer to a name at an offset below 16 KiB.</summary>
    internal void Pointer(int offset) => U16BigEndian(0xC000 | offset);

    /// <summary>TYPE, CLASS, TTL and RDLENGTH.</summary>
    internal void RecordFields(RecordType type, uint ttl, int dataLength, RecordClass recordClass = RecordClass.IN)
    {
        U16BigEndian((ushort)type);
        U16BigEndian((ushort)recordClass);
        U32BigEndian(ttl);
        U16BigEndian(dataLength);
    }

    /// <summary>Reserves RDLENGTH and returns where <see cref="PatchLength"/> puts it.</summary>
    internal int LengthSlot()
    {
        var slot = Position;
        U16BigEndian(0);
        return slot;
    }

    internal readonly void PatchLength(int slot)
    {
        if (!Overflowed)
        {
            BinaryPrimitives.WriteUInt16BigEndian(_buffer[slot..], (ushort)(Position - slot - sizeof(ushort)));
        }
    }

    /// <summary>
    /// A name whose longest suffix written before becomes a pointer. Matching is exact, so that a name keeps the case it was
    /// given.
    /// </summary>
    internal void CompressedName(scoped ReadOnlySpan<byte> wire)
    {
        for (var at = 0; wire[at] != 0; at += wire[at] + 1)
        {
            if (FindSuffix(wire[at..]) is var known and >= 0)
            {
                Pointer(known);
                return;
            }

            Remember(Position);
            Bytes(wire.Slice(at, wire[at] + 1));
        }

        U8(0);
    }

    /// <summary>Lets later names point into a name that already stands in the message uncompressed, such as the question.</summary>
    internal void RememberName(int offset)
    {
        for (var at = offset; _buffer[at] != 0; at += _buffer[at] + 1)
        {
            Remember(at);
        }
    }

    private void Remember(int offset)
    {
        if (_suffixCount < _suffixes.Length && offset <= MaxPointerTarget)
        {
            _suffixes[_suffixCount++] = (ushort)offset;
        }
    }

    private readonly int FindSuffix(scoped ReadOnlySpan<byte> wire)
    {
        foreach (var candidate in _suffixes[.._suffixCount])
        {
            if (Matches(candidate, wire))
            {
                return candidate;
            }
        }

        return -1;
    }

    /// <summary>Names in this buffer were written by this writer, so pointers lead backwards and the walk ends.</summary>
    private readonly bool Matches(int at, scoped ReadOnlySpan<byte> wire)
    {
        while (at < Position)
        {
            int octet = _buffer[at];
            if (octet >= 0xC0)
            {
                at = ((octet & 0x3F) << 8) | _buffer[at + 1];
                continue;
            }

            if (at + octet >= Position || !_buffer.Slice(at, octet + 1).SequenceEqual(wire[..Math.Min(octet + 1, wire.Length)]))
            {
                return false;
            }

            if (octet == 0)
            {
                return true;
            }

            at += octet + 1;
            wire = wire[(octet + 1)..];
        }

        return false;
    }

    private Span<byte> Reserve(int count)
    {
        if (Overflowed || count > _limit - Position)
        {
            Overflowed = true;
            return [];
        }

        var room = _buffer.Slice(Position, count);
        Position += count;
        return room;
    }
}
