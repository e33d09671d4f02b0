using System.Buffers.Binary;

namespace Dataplane.Dns.Wire;

/// <summary>
/// Reads a message front to back. Every read proves its bounds and says whether it succeeded; after a failure the position
/// is undefined and the message is to be treated as malformed.
/// </summary>
internal ref struct DnsReader
{
    private readonly ReadOnlySpan<byte> _message;

    internal DnsReader(ReadOnlySpan<byte> message, int position = 0)
    {
        _message = message;
        Position = position;
    }

    internal int Position { get; private set; }

    internal readonly bool AtEnd => Position == _message.Length;

    internal bool TryU16BigEndian(out ushort value)
    {
        if (!BinaryPrimitives.TryReadUInt16BigEndian(_message[Position..], out value))
        {
            return false;
        }

        Position += sizeof(ushort);
        return true;
    }

    internal bool TryU32BigEndian(out uint value)
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(_message[Position..], out value))
        {
            return false;
        }

        Position += sizeof(uint);
        return true;
    }

    internal bool TrySkip(int count)
    {
        if (count > _message.Length - Position)
        {
            return false;
        }

        Position += count;
        return true;
    }

    /// <summary>
    /// Reads a name, following compression. A pointer must lead to before the run of labels it ends and not into the header,
    /// so targets strictly decrease: loops and forward pointers cannot be followed at all (RFC 9267, 2).
    /// </summary>
    /// <param name="name">At least <see cref="NameView.MaxLength"/> bytes; receives the uncompressed wire form, case kept.</param>
    /// <param name="length">Bytes written, root included.</param>
    internal bool TryName(scoped Span<byte> name, out int length)
    {
        length = 0;
        var at = Position;
        var runStart = at;
        var end = -1;
        while ((uint)at < (uint)_message.Length)
        {
            int octet = _message[at];
            if (octet >= 0xC0)
            {
                if (at + 1 >= _message.Length)
                {
                    return false;
                }

                var target = ((octet & 0x3F) << 8) | _message[at + 1];
                if (target >= runStart || target < DnsHeader.Size)
                {
                    return false;
                }

                end = end < 0 ? at + 2 : end;
                at = runStart = target;
                continue;
            }

            // 0x40 and 0x80 are the label types nobody may send any more (RFC 6891, 5).
            var size = octet + 1;
            if (octet > 63 || size > _message.Length - at || length + size + (octet == 0 ? 0 : 1) > NameView.MaxLength)
            {
                return false;
            }

            _message.Slice(at, size).CopyTo(name[length..]);
            length += size;
            at += size;
            if (octet == 0)
            {
                Position = end < 0 ? at : end;
                return true;
            }
        }

        return false;
    }

    /// <summary>Reads a record's owner and fixed fields, proves that RDLENGTH fits, and stands behind the RDATA afterwards.</summary>
    internal bool TryRecord(scoped Span<byte> owner, out RecordHeader record)
    {
        record = default;
        if (!TryName(owner, out var ownerLength) || !TryU16BigEndian(out var type) || !TryU16BigEndian(out var recordClass)
            || !TryU32BigEndian(out var ttl) || !TryU16BigEndian(out var dataLength))
        {
            return false;
        }

        record = new RecordHeader(ownerLength, (RecordType)type, recordClass, ttl, Position, dataLength);
        return TrySkip(dataLength);
    }
}

/// <summary>Fixed fields of a record and where its RDATA lies in the message.</summary>
internal readonly record struct RecordHeader(int OwnerLength, RecordType Type, ushort Class, uint Ttl, int DataStart, int DataLength)
{
    internal int DataEnd => DataStart + DataLength;
}
