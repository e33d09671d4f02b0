using System.Text;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Wire;
using Dataplane.Dns.Zones;

namespace Dataplane.Dns.Server;

/// <summary>What a server says of itself, of a question as such, or of its client: CoreDNS's <c>chaos</c>, <c>any</c> and <c>whoami</c>.</summary>
internal static class SelfAnswers
{
    /// <summary>The TTL of an answer to ANY, which is the number of the RFC that has it so.</summary>
    private const uint AnyTtl = 8482;

    private const int LongestText = 255;

    private static ReadOnlySpan<byte> AnyText => "\u000dANY obsoleted\u000cSee RFC 8482"u8;

    /// <returns>False when the question is an ordinary one.</returns>
    internal static bool TryAnswer(ServerPlan plan, ref ReplyBuilder reply, Query query)
    {
        if (plan.MinimizesAny && query.Type is RecordType.ANY)
        {
            reply.Writer.Pointer(DnsHeader.Size);
            reply.Writer.RecordFields(RecordType.HINFO, AnyTtl, AnyText.Length);
            reply.Writer.Bytes(AnyText);
            reply.AddAnswers(1);
            return true;
        }

        if (plan.Chaos is not { } chaos || query is not { Class: RecordClass.CH, Type: RecordType.TXT } || Texts(chaos, query.Name) is not { } texts)
        {
            return false;
        }

        foreach (var text in texts)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            var length = Math.Min(bytes.Length, LongestText);
            var start = reply.Writer.Position;
            reply.Writer.Pointer(DnsHeader.Size);
            reply.Writer.RecordFields(RecordType.TXT, 0, 1 + length, RecordClass.CH);
            reply.Writer.U8((byte)length);
            reply.Writer.Bytes(bytes.AsSpan(0, length));
            if (reply.Writer.Overflowed)
            {
                reply.Writer.Rewind(start);
                reply.Truncated = true;
                break;
            }

            reply.AddAnswers(1);
        }

        return true;
    }

    /// <summary>The client's address, and its port as <c>_PROTOCOL.NAME SRV</c>, behind an empty answer.</summary>
    internal static void WriteClient(ref ReplyBuilder reply, in AskedQuestion asked)
    {
        var start = reply.Writer.Position;
        if (asked.Client.Length is 4 or 16)
        {
            AddressRecords.WriteOne(ref reply.Writer, DnsHeader.Size, asked.Client, 0);
            Keep(ref reply, start);
        }

        start = reply.Writer.Position;
        reply.Writer.Bytes(asked.Protocol == "udp" ? "\u0004_udp"u8 : "\u0004_tcp"u8);
        reply.Writer.Pointer(DnsHeader.Size);
        reply.Writer.RecordFields(RecordType.SRV, 0, (3 * sizeof(ushort)) + 1);
        reply.Writer.U32BigEndian(0);
        reply.Writer.U16BigEndian(asked.ClientPort);
        reply.Writer.U8(0);
        Keep(ref reply, start);
    }

    private static void Keep(ref ReplyBuilder reply, int start)
    {
        if (reply.Writer.Overflowed)
        {
            reply.Writer.Rewind(start);
        }
        else
        {
            reply.AddAdditionals(1);
        }
    }

    private static string[]? Texts(ChaosPlan chaos, in NameView name) => DnsName.Format(name.Wire) switch
    {
        "version.bind." or "version.server." => [chaos.Version],
        "authors.bind." => chaos.Authors,
        "hostname.bind." or "id.server." => [Environment.MachineName],
        _ => null,
    };
}
