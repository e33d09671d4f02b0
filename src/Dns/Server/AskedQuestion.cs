using Dataplane.Dns.Forward;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Server;

/// <summary>A question on its way through a server block: what they need who answer a part of it.</summary>
internal readonly ref struct AskedQuestion
{
    internal required Site Site { get; init; }

    /// <summary>Parsed; its name is the one to look up, which of a renamed question is the new one.</summary>
    internal required Query Query { get; init; }

    /// <summary>Holds header and question, and takes the reply.</summary>
    internal required Span<byte> Buffer { get; init; }

    /// <summary>Longest reply the client takes.</summary>
    internal required int Limit { get; init; }

    /// <summary>4 or 16 address bytes.</summary>
    internal required ReadOnlySpan<byte> Client { get; init; }

    internal required int ClientPort { get; init; }

    /// <summary><c>udp</c> or <c>tcp</c>.</summary>
    internal required string Protocol { get; init; }

    /// <summary>Both halves of the client's cookie; empty when it sent none.</summary>
    internal required ReadOnlySpan<byte> Cookie { get; init; }

    /// <summary>Any number: which address comes first.</summary>
    internal required uint Random { get; init; }

    /// <summary>The same, but 0 where addresses keep their order.</summary>
    internal uint Rotation => Site.Plan.Shuffles ? Random : 0;

    internal int RecursionAvailable => Site.Forwards.Length > 0 ? DnsHeader.RA : 0;

    internal bool WantsRecursion => (DnsHeader.Flags(Buffer) & DnsHeader.RD) != 0;

    /// <param name="name">The name to ask for. Wire form.</param>
    internal ForwardRequest Request(byte[] name) => new()
    {
        Question = Buffer[..Query.QuestionEnd].ToArray(),
        Name = name,
        Type = Query.Type,
        Aliases = [],
        HasEdns = Query.HasEdns,
        DnssecOk = Query.DnssecOk,
        Cookie = Cookie.IsEmpty ? null : Cookie.ToArray(),
        Identity = Query.WantsIdentity ? Site.Plan.Identity : null,
        Limit = Limit,
        Rotation = Rotation,
        Errors = Site.Errors,
    };
}
