using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Dataplane.Dns.Wire;

/// <summary>A record as configuration writes it: its owner folded, its RDATA uncompressed.</summary>
internal sealed record ZoneRecord(byte[] Owner, RecordType Type, uint Ttl, byte[] Data)
{
    private const uint DefaultTtl = 3600;

    /// <summary>Reads <c>OWNER [TTL] [CLASS] TYPE RDATA</c> (RFC 1035, 5.1), without directives and with parentheses on one line.</summary>
    /// <exception cref="FormatException">Not a record, or of a type this does not know.</exception>
    internal static ZoneRecord Parse(string text)
    {
        var words = Split(text);
        var at = 1;
        var ttl = DefaultTtl;
        for (; at < words.Count; at++)
        {
            if (uint.TryParse(words[at], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            {
                ttl = seconds;
            }
            else if (!words[at].Equals("IN", StringComparison.OrdinalIgnoreCase))
            {
                break;
            }
        }

        if (at + 1 >= words.Count || !Enum.TryParse<RecordType>(words[at], ignoreCase: true, out var type))
        {
            throw new FormatException($"\"{text}\" is not a record");
        }

        return new ZoneRecord(DnsName.ParseLower(words[0]), type, ttl, Encode(type, words[(at + 1)..], text));
    }

    /// <summary>Writes it, unless there is no room.</summary>
    /// <param name="writer">Not overflowed afterwards.</param>
    /// <param name="name">The question's folded name, which stands behind the header.</param>
    internal bool TryWrite(ref DnsWriter writer, in NameView name)
    {
        var start = writer.Position;
        if (name.Wire.SequenceEqual(Owner))
        {
            writer.Pointer(DnsHeader.Size);
        }
        else
        {
            writer.Bytes(Owner);
        }

        writer.RecordFields(Type, Ttl, Data.Length);
        writer.Bytes(Data);
        if (!writer.Overflowed)
        {
            return true;
        }

        writer.Rewind(start);
        return false;
    }

    private static byte[] Encode(RecordType type, List<string> data, string text) => (type, data) switch
    {
        (RecordType.A, [var address]) when IPAddress.TryParse(address, out var parsed) && parsed.AddressFamily == AddressFamily.InterNetwork => parsed.GetAddressBytes(),
        (RecordType.AAAA, [var address]) when IPAddress.TryParse(address, out var parsed) && parsed.AddressFamily == AddressFamily.InterNetworkV6 => parsed.GetAddressBytes(),
        (RecordType.CNAME or RecordType.NS or RecordType.PTR or RecordType.DNAME, [var name]) => DnsName.Parse(name),
        (RecordType.MX, [var preference, var name]) => [.. U16(preference), .. DnsName.Parse(name)],
        (RecordType.SRV, [var priority, var weight, var port, var name]) => [.. U16(priority), .. U16(weight), .. U16(port), .. DnsName.Parse(name)],
        (RecordType.SOA, [var primary, var mailbox, .. { Count: 5 } numbers]) => [.. DnsName.Parse(primary), .. DnsName.Parse(mailbox), .. numbers.SelectMany(U32)],
        (RecordType.TXT, _) => [.. data.SelectMany(String)],
        (RecordType.HINFO, [_, _]) => [.. data.SelectMany(String)],
        _ => throw new FormatException($"\"{text}\" is not a record that can be made here"),
    };

    private static byte[] U16(string word) => ushort.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? [(byte)(number >> 8), (byte)number]
        : throw new FormatException($"\"{word}\" is not a number up to 65535");

    private static byte[] U32(string word)
    {
        var bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(
            bytes, uint.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new FormatException($"\"{word}\" is not a number"));
        return bytes;
    }

    private static byte[] String(string word)
    {
        var bytes = Encoding.UTF8.GetBytes(word);
        return bytes.Length <= byte.MaxValue ? [(byte)bytes.Length, .. bytes] : throw new FormatException("a string is longer than 255 bytes");
    }

    /// <summary>Words at white space; quotes hold it; parentheses are only there to break lines.</summary>
    private static List<string> Split(string text)
    {
        var (words, word, quoted, any) = (new List<string>(), new StringBuilder(), false, false);
        foreach (var character in text + " ")
        {
            if (character == '"')
            {
                (quoted, any) = (!quoted, true);
            }
            else if (!quoted && (char.IsWhiteSpace(character) || character is '(' or ')'))
            {
                if (any)
                {
                    words.Add(word.ToString());
                }

                (any, _) = (false, word.Clear());
            }
            else
            {
                (any, _) = (true, word.Append(character));
            }
        }

        return words;
    }
}
