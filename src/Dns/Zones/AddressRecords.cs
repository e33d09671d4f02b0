using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Zones;

/// <summary>
/// The A or the AAAA records of one name, encoded once when the object changed so that answering is a copy. Every owner is a
/// compression pointer to the question, the place of nearly every answer:
/// <code>
/// C0 0C | TYPE | CLASS IN | TTL | RDLENGTH 4 or 16 | address
/// </code>
/// </summary>
internal sealed class AddressRecords
{
    private const ushort QuestionPointer = 0xC000 | DnsHeader.Size;
    private const int FieldsSize = 12;

    private readonly byte[] _encoded;

    private AddressRecords(byte[] encoded, int addressSize)
    {
        _encoded = encoded;
        RecordSize = FieldsSize + addressSize;
    }

    internal int RecordSize { get; }

    internal int Count => _encoded.Length / RecordSize;

    /// <summary>Encodes the addresses of one family, without repeats, in their given order.</summary>
    /// <returns><see langword="null"/> when there is none of the family.</returns>
    internal static AddressRecords? Encode(IEnumerable<IPAddress> addresses, AddressFamily family, uint ttl)
    {
        var chosen = addresses.Where(address => address.AddressFamily == family).Distinct().ToList();
        if (chosen.Count == 0)
        {
            return null;
        }

        var addressSize = family == AddressFamily.InterNetwork ? 4 : 16;
        var records = new AddressRecords(new byte[chosen.Count * (FieldsSize + addressSize)], addressSize);
        for (var i = 0; i < chosen.Count; i++)
        {
            var record = records._encoded.AsSpan(i * records.RecordSize, records.RecordSize);
            WriteFields(record, QuestionPointer, addressSize, ttl);
            chosen[i].TryWriteBytes(record[FieldsSize..], out _);
        }

        return records;
    }

    /// <summary>One record made while answering: a pod's name is its address.</summary>
    internal static void WriteOne(ref DnsWriter writer, int owner, scoped ReadOnlySpan<byte> address, uint ttl)
    {
        Span<byte> record = stackalloc byte[FieldsSize + 16];
        WriteFields(record, (ushort)(0xC000 | owner), address.Length, ttl);
        address.CopyTo(record[FieldsSize..]);
        writer.Bytes(record[..(FieldsSize + address.Length)]);
    }

    internal ReadOnlySpan<byte> Address(int index) => _encoded.AsSpan((index * RecordSize) + FieldsSize, RecordSize - FieldsSize);

    /// <summary>
    /// Copies as many records as fit, beginning with <paramref name="first"/> and wrapping around, so that clients which take
    /// the first address spread over all of them.
    /// </summary>
    /// <param name="writer">Not overflowed afterwards: only whole records are written.</param>
    /// <param name="owner">Offset of the owner's name in the message.</param>
    /// <param name="first">Index of the record to begin with.</param>
    /// <returns>Records written.</returns>
    internal int Write(ref DnsWriter writer, int owner, int first)
    {
        var fitting = Math.Min(Count, writer.Room / RecordSize);
        var ahead = Math.Min(fitting, Count - first);
        if (owner == DnsHeader.Size)
        {
            writer.Bytes(_encoded.AsSpan(first * RecordSize, ahead * RecordSize));
            writer.Bytes(_encoded.AsSpan(0, (fitting - ahead) * RecordSize));
            return fitting;
        }

        for (var i = 0; i < fitting; i++)
        {
            writer.Pointer(owner);
            writer.Bytes(Fields((first + i) % Count));
        }

        return fitting;
    }

    /// <summary>Additional records for a target: as many as fit, since nobody misses what is left out (RFC 2181, 9).</summary>
    /// <param name="writer">Not overflowed afterwards.</param>
    /// <param name="label">Wire label before the name at <paramref name="parent"/>; may be empty.</param>
    /// <param name="parent">Offset of a name in the message.</param>
    /// <returns>Records written.</returns>
    internal int WriteGlue(ref DnsWriter writer, scoped ReadOnlySpan<byte> label, int parent)
    {
        var fitting = Math.Min(Count, writer.Room / (label.Length + RecordSize));
        for (var i = 0; i < fitting; i++)
        {
            writer.Bytes(label);
            writer.Pointer(parent);
            writer.Bytes(Fields(i));
        }

        return fitting;
    }

    /// <summary>A record without its owner.</summary>
    private ReadOnlySpan<byte> Fields(int index) => _encoded.AsSpan((index * RecordSize) + sizeof(ushort), RecordSize - sizeof(ushort));

    private static void WriteFields(Span<byte> record, ushort owner, int addressSize, uint ttl)
    {
        BinaryPrimitives.WriteUInt16BigEndian(record, owner);
        BinaryPrimitives.WriteUInt16BigEndian(record[2..], (ushort)(addressSize == 4 ? RecordType.A : RecordType.AAAA));
        BinaryPrimitives.WriteUInt16BigEndian(record[4..], (ushort)RecordClass.IN);
        BinaryPrimitives.WriteUInt32BigEndian(record[6..], ttl);
        BinaryPrimitives.WriteUInt16BigEndian(record[10..], (ushort)addressSize);
    }
}
