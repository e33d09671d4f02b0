using Dataplane.Dns.Forward;
using Dataplane.Dns.Wire;
using Dataplane.Dns.Zones;

namespace Dataplane.Dns.Server;

/// <summary>What to do with a message after the engine has seen it.</summary>
internal enum Disposition
{
    /// <summary>Say nothing.</summary>
    Drop,

    /// <summary>Send the first <see cref="Reply.Length"/> bytes of the buffer back.</summary>
    Send,

    /// <summary>Hand <see cref="Reply.Request"/> to the forwarder, which replies later.</summary>
    Forward,
}

internal readonly record struct Reply(Disposition Disposition, int Length, ForwardRequest? Request = null);

/// <summary>
/// Answers one message after the other in place:
/// <code>
/// 1 parse    malformed: FORMERR, NOTIMP, BADVERS or silence
/// 2 refuse   what is no question about data: other classes, zone transfers
/// 3 look up  in the snapshot of this instant
/// 4 write    behind the question, in the same buffer; or hand over to the forwarder
/// </code>
/// </summary>
/// <remarks>
/// Not safe for two threads: each has its own, with its own scratch query. Steps 1 to 4 allocate nothing; only a forwarded
/// query does.
/// </remarks>
internal sealed class QueryEngine
{
    /// <summary>Aliases followed within the cluster before the chain counts as a loop.</summary>
    private const int MaxAliases = 10;

    private readonly ZoneSource _zone;
    private readonly bool _forwards;
    private readonly QueryCounters _counters;
    private readonly Query _query = new();
    private uint _random = (uint)Random.Shared.Next() | 1;

    /// <param name="zone">Where the current snapshot is.</param>
    /// <param name="forwards">Whether there is an upstream for names of other zones.</param>
    /// <param name="counters">Written by this engine alone.</param>
    internal QueryEngine(ZoneSource zone, bool forwards, QueryCounters counters)
    {
        _zone = zone;
        _forwards = forwards;
        _counters = counters;
    }

    /// <summary>Answers a UDP message: at most what the client's EDNS size allows.</summary>
    internal Reply AnswerDatagram(Span<byte> buffer, int length) => Answer(buffer, length, datagram: true);

    /// <summary>Answers a TCP message: at most what the buffer holds.</summary>
    internal Reply AnswerStream(Span<byte> buffer, int length) => Answer(buffer, length, datagram: false);

    private Reply Answer(Span<byte> buffer, int length, bool datagram)
    {
        var verdict = _query.Parse(buffer[..length]);
        if (verdict is QueryVerdict.Drop)
        {
            return new Reply(Disposition.Drop, 0);
        }

        if (verdict is QueryVerdict.FormErr or QueryVerdict.NotImp)
        {
            var code = verdict is QueryVerdict.FormErr ? ResponseCode.FormErr : ResponseCode.NotImp;
            return Sent(length, ReplyBuilder.HeaderOnly(buffer, code), code);
        }

        var limit = datagram ? Math.Min(_query.PayloadSize, ReplyBuilder.PayloadSize) : Math.Min(buffer.Length, ushort.MaxValue);
        var reply = new ReplyBuilder(buffer, _query.QuestionEnd, (_query.HasEdns, _query.DnssecOk), limit);
        if (verdict is QueryVerdict.BadVers)
        {
            return Sent(length, reply.Close(ResponseCode.BadVers, 0), ResponseCode.BadVers);
        }

        if (_query.Class != RecordClass.IN || _query.Type is RecordType.AXFR or RecordType.IXFR)
        {
            return Sent(length, reply.Close(ResponseCode.Refused, 0), ResponseCode.Refused);
        }

        return Resolve(ref reply, buffer, length, limit);
    }

    private Reply Resolve(ref ReplyBuilder reply, Span<byte> buffer, int length, int limit)
    {
        var snapshot = _zone.Current;
        var name = _query.Name;
        var finding = ZoneLookup.Find(snapshot, name, _query.Type);
        if (finding.Kind is FindingKind.CanonicalName)
        {
            return FollowAlias(ref reply, snapshot, finding, buffer, length, limit);
        }

        if (finding.Kind is FindingKind.NotOurs)
        {
            // Until the lists are in, a reverse name may be the cluster's and must not leak to an upstream that denies it.
            return !snapshot.Synced && AddressNames.IsReverse(name)
                ? Sent(length, reply.Close(ResponseCode.ServFail, 0), ResponseCode.ServFail)
                : Forward(ref reply, buffer, length, limit, []);
        }

        if (finding.Kind is FindingKind.NameError && !snapshot.Synced)
        {
            return Sent(length, reply.Close(ResponseCode.ServFail, 0), ResponseCode.ServFail);
        }

        var code = ZoneAnswers.Write(ref reply, snapshot, finding, name, DnsHeader.Size, NextRandom());
        return Sent(length, reply.Close(code, DnsHeader.AA | RecursionAvailable), code);
    }

    /// <summary>ExternalName: the alias, then what its target has, in the cluster as far as it leads there and upstream from where it leaves.</summary>
    private Reply FollowAlias(ref ReplyBuilder reply, ZoneSnapshot snapshot, Finding finding, Span<byte> buffer, int length, int limit)
    {
        Span<byte> offsets = stackalloc byte[NameView.MaxLabels];
        var chain = new List<byte[]>();
        var (at, code) = (DnsHeader.Size, ResponseCode.NoError);
        while (true)
        {
            var target = finding.Service!.CanonicalName!;
            chain.Add(target);
            if (chain.Count > MaxAliases)
            {
                return Sent(length, reply.Close(ResponseCode.ServFail, 0), ResponseCode.ServFail);
            }

            var start = reply.Writer.Position;
            reply.Writer.Pointer(at);
            reply.Writer.RecordFields(RecordType.CNAME, snapshot.Ttl, target.Length);
            at = reply.Writer.Position;
            reply.Writer.Bytes(target);
            if (reply.Writer.Overflowed)
            {
                reply.Writer.Rewind(start);
                reply.Truncated = true;
                break;
            }

            reply.AddAnswers(1);
            if (_query.Type is RecordType.CNAME or RecordType.ANY)
            {
                break;
            }

            var name = NameView.Split(target, offsets);
            finding = ZoneLookup.Find(snapshot, name, _query.Type);
            if (finding.Kind is FindingKind.NotOurs)
            {
                return Forward(ref reply, buffer, length, limit, chain);
            }

            if (finding.Kind is not FindingKind.CanonicalName)
            {
                code = finding.Kind is FindingKind.NameError && !snapshot.Synced
                    ? ResponseCode.ServFail
                    : ZoneAnswers.Write(ref reply, snapshot, finding, name, at, NextRandom());
                break;
            }
        }

        return Sent(length, reply.Close(code, DnsHeader.AA | RecursionAvailable), code);
    }

    /// <summary>Without an upstream, or for a client that did not ask for recursion, other zones are refused at once.</summary>
    private Reply Forward(ref ReplyBuilder reply, Span<byte> buffer, int length, int limit, List<byte[]> aliases)
    {
        if (!_forwards || (aliases.Count == 0 && (DnsHeader.Flags(buffer) & DnsHeader.RD) == 0))
        {
            var code = aliases.Count == 0 ? ResponseCode.Refused : ResponseCode.ServFail;
            return Sent(length, reply.Close(code, aliases.Count == 0 ? 0 : DnsHeader.AA), code);
        }

        _counters.Received(_query.Type, length);
        return new Reply(Disposition.Forward, 0, new ForwardRequest
        {
            Question = buffer[.._query.QuestionEnd].ToArray(),
            Name = aliases.Count == 0 ? _query.Name.Wire.ToArray() : aliases[^1],
            Type = _query.Type,
            Aliases = aliases,
            AliasTtl = _zone.Current.Ttl,
            HasEdns = _query.HasEdns,
            DnssecOk = _query.DnssecOk,
            Limit = limit,
        });
    }

    private int RecursionAvailable => _forwards ? DnsHeader.RA : 0;

    private Reply Sent(int received, int length, ResponseCode code)
    {
        _counters.Received(_query.Type, received);
        _counters.Answered(code, length);
        return new Reply(Disposition.Send, length);
    }

    /// <summary>Xorshift: spreads load over addresses, protects nothing.</summary>
    private uint NextRandom()
    {
        _random ^= _random << 13;
        _random ^= _random >> 17;
        return _random ^= _random << 5;
    }
}
