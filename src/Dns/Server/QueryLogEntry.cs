using System.Net;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Server;

/// <summary>What of a query a log line tells.</summary>
internal readonly record struct QueryLogEntry
{
    internal required IPEndPoint Client { get; init; }

    /// <summary>The listener's address.</summary>
    internal required string Local { get; init; }

    internal required ushort Id { get; init; }

    internal required RecordType Type { get; init; }

    internal required RecordClass Class { get; init; }

    internal required string Name { get; init; }

    internal required string Protocol { get; init; }

    internal required int Size { get; init; }

    internal required bool DnssecOk { get; init; }

    /// <summary>The longest reply the client takes: by a stream any.</summary>
    internal required int BufferSize { get; init; }

    internal ResponseCode Code { get; init; }

    internal string Flags { get; init; }

    internal int ReplySize { get; init; }

    internal TimeSpan Duration { get; init; }

    /// <summary>The part that is known of the query alone.</summary>
    internal static QueryLogEntry Of(Query query, ReadOnlySpan<byte> message, int received, ReadOnlySpan<byte> client, int port, QueryCounters counters) => new()
    {
        Client = new IPEndPoint(client.Length is 4 or 16 ? new IPAddress(client) : IPAddress.None, port),
        Local = counters.LocalAddress,
        Id = DnsHeader.Id(message),
        Type = query.Type,
        Class = query.Class,
        Name = DnsName.Format(query.Name.Wire),
        Protocol = counters.Protocol,
        Size = received,
        DnssecOk = query.DnssecOk,
        BufferSize = counters.Protocol == "udp" ? query.PayloadSize : ushort.MaxValue,
        Flags = "",
    };

    /// <summary>With what the reply adds.</summary>
    internal QueryLogEntry Answered(ReadOnlySpan<byte> reply, ResponseCode code, TimeSpan duration) =>
        this with { Code = code, Flags = DnsHeader.FlagText(DnsHeader.Flags(reply), ','), ReplySize = reply.Length, Duration = duration };
}
