using System.Net;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Tests.Forward;

/// <summary>Answers such as an upstream writes, from lines <c>name TYPE data</c>; TTL 60.</summary>
internal static class UpstreamAnswers
{
    internal const uint Ttl = 60;

    internal static byte[] Write(ReadOnlySpan<byte> query, params string[] records) => Write(query, ResponseCode.NoError, records);

    internal static byte[] Write(ReadOnlySpan<byte> query, ResponseCode code, params string[] records)
    {
        var end = DnsHeader.Size;
        while (query[end] != 0)
        {
            end += query[end] + 1;
        }

        end += 5;
        var message = new byte[4096];
        query[..end].CopyTo(message);
        DnsHeader.SetFlags(message, (ushort)(DnsHeader.QR | DnsHeader.RD | DnsHeader.RA | (ushort)code));
        var authorities = records.Count(record => record.Contains(" SOA ", StringComparison.Ordinal));
        DnsHeader.SetCounts(message, 1, records.Length - authorities, authorities, 0);
        var writer = new DnsWriter(message, end, message.Length, stackalloc ushort[64]);
        writer.RememberName(DnsHeader.Size);
        foreach (var record in records)
        {
            var words = record.Split(' ');
            var type = Enum.Parse<RecordType>(words[1]);
            writer.CompressedName(DnsName.Parse(words[0]));
            writer.RecordFields(type, Ttl, 0);
            writer.Rewind(writer.Position - 2);
            var length = writer.LengthSlot();
            switch (type)
            {
                case RecordType.CNAME:
                    writer.CompressedName(DnsName.Parse(words[2]));
                    break;
                case RecordType.SOA:
                    writer.CompressedName(DnsName.Parse(words[2]));
                    writer.CompressedName(DnsName.Parse(words[2]));
                    writer.Bytes(new byte[16]);
                    writer.U32BigEndian(30);
                    break;
                default:
                    writer.Bytes(IPAddress.Parse(words[2]).GetAddressBytes());
                    break;
            }

            writer.PatchLength(length);
        }

        return message[..writer.Position];
    }
}
