using System.Globalization;
using System.Net;
using System.Text;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Client;

/// <summary>One record in presentation form (RFC 1035, 5): <c>owner TTL IN TYPE rdata</c>.</summary>
internal static class RecordText
{
    /// <summary>Formats the record at the reader.</summary>
    /// <returns>Null when the message is malformed there.</returns>
    internal static string? Format(ReadOnlySpan<byte> message, ref DnsReader reader, out RecordHeader record)
    {
        Span<byte> owner = stackalloc byte[NameView.MaxLength];
        if (!reader.TryRecord(owner, out record) || Data(message, record) is not { } data)
        {
            return null;
        }

        var text = $"{DnsName.Format(owner[..record.OwnerLength])} {record.Ttl} {Class(record.Class)} {Type(record.Type)} {data}";
        return text.TrimEnd();
    }

    internal static string Type(RecordType type) => Enum.IsDefined(type) ? type.ToString() : $"TYPE{(ushort)type}";

    internal static string Class(ushort value) =>
        Enum.IsDefined((RecordClass)value) ? ((RecordClass)value).ToString() : $"CLASS{value}";

    private static string? Data(ReadOnlySpan<byte> message, in RecordHeader record)
    {
        var data = message[record.DataStart..record.DataEnd];
        var reader = new DnsReader(message[..record.DataEnd], record.DataStart);
        switch (record.Type)
        {
            case RecordType.A when data.Length == 4:
            case RecordType.AAAA when data.Length == 16:
                return new IPAddress(data).ToString();
            case RecordType.NS or RecordType.CNAME or RecordType.PTR or RecordType.DNAME:
                return Name(ref reader);
            case RecordType.MX:
                return Numbers(ref reader, 1) is { } preference && Name(ref reader) is { } exchange ? preference + exchange : null;
            case RecordType.SRV:
                return Numbers(ref reader, 3) is { } numbers && Name(ref reader) is { } target ? numbers + target : null;
            case RecordType.SOA:
                return Name(ref reader) is { } primary && Name(ref reader) is { } mailbox ? StartOfAuthority(ref reader, primary, mailbox) : null;
            case RecordType.TXT or RecordType.HINFO:
                return Strings(data);
            default:
                return $"\\# {data.Length} {Convert.ToHexString(data)}";
        }
    }

    private static string? Name(ref DnsReader reader)
    {
        Span<byte> name = stackalloc byte[NameView.MaxLength];
        return reader.TryName(name, out var length) ? DnsName.Format(name[..length]) : null;
    }

    private static string? Numbers(ref DnsReader reader, int count)
    {
        var text = new StringBuilder();
        for (var i = 0; i < count; i++)
        {
            if (!reader.TryU16BigEndian(out var number))
            {
                return null;
            }

            text.Append(CultureInfo.InvariantCulture, $"{number} ");
        }

        return text.ToString();
    }

    private static string? StartOfAuthority(ref DnsReader reader, string primary, string mailbox)
    {
        var text = new StringBuilder($"{primary} {mailbox}");
        for (var i = 0; i < 5; i++)
        {
            if (!reader.TryU32BigEndian(out var number))
            {
                return null;
            }

            text.Append(CultureInfo.InvariantCulture, $" {number}");
        }

        return text.ToString();
    }

    private static string? Strings(ReadOnlySpan<byte> data)
    {
        var text = new StringBuilder();
        while (!data.IsEmpty)
        {
            if (data[0] >= data.Length)
            {
                return null;
            }

            text.Append(text.Length == 0 ? "\"" : " \"");
            foreach (var value in data.Slice(1, data[0]))
            {
                _ = value is >= 0x20 and < 0x7F and not ((byte)'"' or (byte)'\\')
                    ? text.Append((char)value)
                    : text.Append(CultureInfo.InvariantCulture, $"\\{value:D3}");
            }

            text.Append('"');
            data = data[(data[0] + 1)..];
        }

        return text.ToString();
    }
}
