using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Forward;

/// <summary>Writes queries, for upstreams and for the command line.</summary>
internal static class QueryMessage
{
    private const int OptSize = 11;

    /// <param name="name">Wire form, asked in this very case.</param>
    /// <param name="type">What is asked.</param>
    /// <param name="flags">RD and CD as wanted.</param>
    /// <param name="payloadSize">UDP payload offered by EDNS; null leaves EDNS out.</param>
    /// <param name="dnssecOk">The DO bit.</param>
    /// <param name="queryClass">Of the question.</param>
    /// <returns>A message with id 0.</returns>
    internal static byte[] Write(ReadOnlySpan<byte> name, RecordType type, int flags, int? payloadSize, bool dnssecOk = false, RecordClass queryClass = RecordClass.IN)
    {
        var message = new byte[DnsHeader.Size + name.Length + (2 * sizeof(ushort)) + (payloadSize is null ? 0 : OptSize)];
        DnsHeader.SetFlags(message, (ushort)flags);
        DnsHeader.SetCounts(message, 1, 0, 0, payloadSize is null ? 0 : 1);
        var writer = new DnsWriter(message, DnsHeader.Size, message.Length);
        writer.Bytes(name);
        writer.U16BigEndian((ushort)type);
        writer.U16BigEndian((ushort)queryClass);
        if (payloadSize is { } size)
        {
            writer.U8(0);
            writer.U16BigEndian((ushort)RecordType.OPT);
            writer.U16BigEndian(size);
            writer.U32BigEndian(dnssecOk ? 0x8000u : 0);
            writer.U16BigEndian(0);
        }

        return message;
    }
}
