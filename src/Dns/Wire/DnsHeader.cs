using System.Buffers.Binary;

namespace Dataplane.Dns.Wire;

/// <summary>
/// The fixed header in place over a message (RFC 1035, 4.1.1):
/// <code>
/// 0 ID | 2 QR:1 Opcode:4 AA:1 TC:1 RD:1 | RA:1 Z:1 AD:1 CD:1 RCODE:4 | 4 QDCOUNT | 6 ANCOUNT | 8 NSCOUNT | 10 ARCOUNT
/// </code>
/// </summary>
internal static class DnsHeader
{
    internal const int Size = 12;

    internal const ushort QR = 0x8000;
    internal const ushort AA = 0x0400;
    internal const ushort TC = 0x0200;
    internal const ushort RD = 0x0100;
    internal const ushort RA = 0x0080;
    internal const ushort AD = 0x0020;
    internal const ushort CD = 0x0010;
    internal const ushort OpcodeMask = 0x7800;
    internal const ushort RcodeMask = 0x000F;

    private static readonly (int Bit, string Name)[] FlagNames = [(QR, "qr"), (AA, "aa"), (TC, "tc"), (RD, "rd"), (RA, "ra"), (AD, "ad"), (CD, "cd")];

    /// <summary>The mnemonics dig prints.</summary>
    internal static string FlagText(int flags, char separator) => string.Join(separator, FlagNames.Where(flag => (flags & flag.Bit) != 0).Select(flag => flag.Name));

    internal static ushort Id(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt16BigEndian(message);

    internal static void SetId(Span<byte> message, ushort id) => BinaryPrimitives.WriteUInt16BigEndian(message, id);

    internal static ushort Flags(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt16BigEndian(message[2..]);

    internal static void SetFlags(Span<byte> message, ushort flags) => BinaryPrimitives.WriteUInt16BigEndian(message[2..], flags);

    internal static ushort QuestionCount(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt16BigEndian(message[4..]);

    internal static ushort AnswerCount(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt16BigEndian(message[6..]);

    internal static ushort AuthorityCount(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt16BigEndian(message[8..]);

    internal static ushort AdditionalCount(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt16BigEndian(message[10..]);

    internal static void SetCounts(Span<byte> message, int questions, int answers, int authorities, int additionals)
    {
        BinaryPrimitives.WriteUInt16BigEndian(message[4..], (ushort)questions);
        BinaryPrimitives.WriteUInt16BigEndian(message[6..], (ushort)answers);
        BinaryPrimitives.WriteUInt16BigEndian(message[8..], (ushort)authorities);
        BinaryPrimitives.WriteUInt16BigEndian(message[10..], (ushort)additionals);
    }
}
