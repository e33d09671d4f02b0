using System.Diagnostics;
using System.Net;
using Dataplane.Dns.Configuration;
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

    /// <summary>Hand <see cref="Reply.Request"/> to its forwarder, which replies later.</summary>
    Forward,

    /// <summary>Send the zone, in as many messages as it takes.</summary>
    Transfer,
}

internal readonly record struct Reply(Disposition Disposition, int Length, ResponseCode Code = ResponseCode.NoError, ForwardRequest? Request = null);

/// <summary>
/// Answers one message after the other in place:
/// <code>
/// 1 parse    malformed: FORMERR, NOTIMP, BADVERS or silence
/// 2 refuse   no server block for the name, access lists, classes, transfers to strangers
/// 3 rename   by the block's rewrite rules (NameRewriter); what is found is given under the name that was asked
/// 4 look up  templates and hosts, if there are any; then the cluster, in the snapshot of this instant
/// 5 write    behind the question, in the same buffer; or hand over to a forwarder
/// </code>
/// </summary>
/// <remarks>
/// Not safe for two threads: each has its own, with its own scratch query. For names of the cluster and of hosts nothing is allocated;
/// only templates, renaming and forwarding do.
/// </remarks>
internal sealed class QueryEngine
{
    private readonly SiteSource _source;
    private readonly QueryCounters _counters;
    private readonly byte[] _cookie = new byte[ServerCookies.Size];
    private Query _query = new();
    private Query _spare = new();
    private Site? _site;
    private long _started;
    private uint _sampled;
    private uint _random = (uint)Random.Shared.Next() | 1;

    /// <param name="source">Where server blocks and the cluster's names are found.</param>
    /// <param name="counters">Written by this engine alone.</param>
    internal QueryEngine(SiteSource source, QueryCounters counters) => (_source, _counters) = (source, counters);

    /// <summary>The query that was answered last.</summary>
    internal Query Query => _query;

    /// <summary>Answers a UDP message: at most what the client's EDNS size allows.</summary>
    /// <param name="buffer">Holds the message, and takes the reply.</param>
    /// <param name="length">Of the message.</param>
    /// <param name="client">4 or 16 address bytes.</param>
    internal Reply AnswerDatagram(Span<byte> buffer, int length, ReadOnlySpan<byte> client = default) => Counted(Answer(buffer, length, client, datagram: true), buffer, length, client);

    /// <summary>Answers a message of a stream: at most what the buffer holds.</summary>
    /// <inheritdoc cref="AnswerDatagram"/>
    internal Reply AnswerStream(Span<byte> buffer, int length, ReadOnlySpan<byte> client = default) => Counted(Answer(buffer, length, client, datagram: false), buffer, length, client);

    private Reply Answer(Span<byte> buffer, int length, ReadOnlySpan<byte> client, bool datagram)
    {
        _site = null;
        var verdict = _query.Parse(buffer[..length]);
        if (verdict is QueryVerdict.Drop)
        {
            return new Reply(Disposition.Drop, 0);
        }

        if (verdict is QueryVerdict.FormErr or QueryVerdict.NotImp)
        {
            var code = verdict is QueryVerdict.FormErr ? ResponseCode.FormErr : ResponseCode.NotImp;
            return new Reply(Disposition.Send, ReplyBuilder.HeaderOnly(buffer, code), code);
        }

        var site = _site = verdict is QueryVerdict.CookieOnly ? null : _source.Sites.Find(_query.Name);
        if (site?.Log is not null)
        {
            _started = Stopwatch.GetTimestamp();
        }

        var payload = site?.Plan.PayloadSize ?? ReplyBuilder.PayloadSize;
        var limit = datagram ? Math.Min(_query.PayloadSize, payload) : Math.Min(buffer.Length, ushort.MaxValue);
        var reply = new ReplyBuilder(buffer, _query.QuestionEnd, (_query.HasEdns, _query.DnssecOk), limit);
        if (_query.HasCookie)
        {
            _query.ClientCookie.CopyTo(_cookie);
            ServerCookies.Complete(_cookie, client, TimeProvider.System.GetUtcNow());
            reply.Attach(_cookie);
        }

        if (verdict is QueryVerdict.CookieOnly)
        {
            reply.WithoutQuestion();
            return Sent(ref reply, ResponseCode.NoError, 0);
        }

        if (verdict is QueryVerdict.BadVers)
        {
            return Sent(ref reply, ResponseCode.BadVers, 0);
        }

        if (site is null)
        {
            return Sent(ref reply, ResponseCode.Refused, 0);
        }

        if (site.Plan.Access.Length > 0)
        {
            switch (AccessList.Decide(site.Plan.Access, _query.Name, _query.Type, client))
            {
                case AccessAction.Block:
                    return Sent(ref reply, ResponseCode.Refused, 0);
                case AccessAction.Filter:
                    return Sent(ref reply, ResponseCode.NoError, 0);
                case AccessAction.Drop:
                    return new Reply(Disposition.Drop, 0);
            }
        }

        if (_query.Type is RecordType.AXFR or RecordType.IXFR && _query.Class is RecordClass.IN && !datagram && MayTransfer(site, client))
        {
            return new Reply(Disposition.Transfer, 0);
        }

        if (_query.Class != RecordClass.IN || _query.Type is RecordType.AXFR or RecordType.IXFR)
        {
            return Sent(ref reply, ResponseCode.Refused, 0);
        }

        return site.Plan.Rewrites.Length > 0 && NameRewriter.Rewrite(site.Plan.Rewrites, _query.Name) is { } renamed
            ? AnswerRenamed(site, renamed, buffer, limit, client)
            : Resolve(site, ref reply, buffer, limit, client);
    }

    /// <summary>The zone itself, and a client on its list; an unsynced zone is not given away.</summary>
    private bool MayTransfer(Site site, ReadOnlySpan<byte> client)
    {
        var snapshot = _source.Zone.Current;
        if (site.Plan.Kubernetes is null || !snapshot.Synced || !_query.Name.Wire.SequenceEqual(snapshot.Zone.Wire))
        {
            return false;
        }

        foreach (var transfer in site.Plan.Transfers)
        {
            if (NameSuffix.AnyCovers(transfer.Zones, _query.Name) && (transfer.Clients is null || AccessList.Contains(transfer.Clients, client)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Puts the question under its new name in a buffer of its own, and gives what is found under the name that was asked.</summary>
    private Reply AnswerRenamed(Site site, byte[] name, Span<byte> buffer, int limit, ReadOnlySpan<byte> client)
    {
        var asked = Request(buffer, name, limit) with { Renamed = true };
        var inner = QueryMessage.Write(name, _query.Type, DnsHeader.Flags(buffer) & (DnsHeader.RD | DnsHeader.CD), _query.HasEdns ? _query.PayloadSize : null, _query.DnssecOk);
        var innerBuffer = new byte[Math.Max(limit, inner.Length)];
        inner.CopyTo(innerBuffer, 0);
        (_query, _spare) = (_spare, _query);
        try
        {
            _query.Parse(inner);
            var reply = new ReplyBuilder(innerBuffer, _query.QuestionEnd, (_query.HasEdns, _query.DnssecOk), limit);
            var found = Resolve(site, ref reply, innerBuffer, limit, client);
            if (found.Request is { } forwarded)
            {
                return found with { Request = forwarded with { Question = asked.Question, Renamed = forwarded.Aliases.Count == 0 } };
            }

            var (message, code) = UpstreamAnswer.Rewrite(asked, innerBuffer.AsSpan(0, found.Length), 0);
            message.CopyTo(buffer);
            return new Reply(Disposition.Send, message.Length, code);
        }
        finally
        {
            (_query, _spare) = (_spare, _query);
        }
    }

    private Reply Resolve(Site site, ref ReplyBuilder reply, Span<byte> buffer, int limit, ReadOnlySpan<byte> client)
    {
        var name = _query.Name;
        if (site.Plan.Templates.Length > 0 && TemplateAnswers.TryAnswer(site.Plan.Templates, ref reply, name, _query.Type, client, out var made))
        {
            return Sent(ref reply, made, DnsHeader.AA);
        }

        if (site.Hosts is { } hosts && HostsAnswers.TryAnswer(hosts, ref reply, name, _query.Type, site.Plan.Shuffles ? NextRandom() : 0, out var known))
        {
            return Sent(ref reply, known, known is ResponseCode.NoError ? DnsHeader.AA : 0);
        }

        return site.Plan.Kubernetes is { } cluster
            ? ResolveInCluster(site, cluster, ref reply, buffer, limit, client)
            : Forward(site, ref reply, buffer, limit, []);
    }

    private Reply ResolveInCluster(Site site, KubernetesPlan cluster, ref ReplyBuilder reply, Span<byte> buffer, int limit, ReadOnlySpan<byte> client)
    {
        var snapshot = _source.Zone.Current;
        var name = _query.Name;
        var finding = ZoneLookup.Find(snapshot, name, _query.Type);
        if (finding.Kind is FindingKind.CanonicalName)
        {
            return FollowAlias(site, ref reply, snapshot, finding, buffer, limit);
        }

        if (finding.Kind is FindingKind.NotOurs)
        {
            // Until the lists are in, a reverse name may be the cluster's and must not leak to an upstream that denies it.
            return !snapshot.Synced && AddressNames.IsReverse(name)
                ? Sent(ref reply, ResponseCode.ServFail, 0)
                : Forward(site, ref reply, buffer, limit, []);
        }

        if (finding.Kind is FindingKind.NameError)
        {
            if (!snapshot.Synced)
            {
                return Sent(ref reply, ResponseCode.ServFail, 0);
            }

            if (cluster.FallThrough.Length > 0 && NameSuffix.AnyCovers(cluster.FallThrough, name) && site.ForwarderOf(name) is not null)
            {
                return Forward(site, ref reply, buffer, limit, []);
            }

            if (site.Plan.Autopath is { } autopath && SearchList.Of(autopath, snapshot, name, client) is { } search)
            {
                return WalkSearchList(site, search, ref reply, snapshot, finding, buffer, limit);
            }
        }

        return Found(site, ref reply, snapshot, finding);
    }

    private Reply Found(Site site, ref ReplyBuilder reply, ZoneSnapshot snapshot, in Finding finding)
    {
        var code = ZoneAnswers.Write(ref reply, snapshot, finding, _query.Name, DnsHeader.Size, site.Plan.Shuffles ? NextRandom() : 0);
        return Sent(ref reply, code, DnsHeader.AA | RecursionAvailable(site));
    }

    /// <summary>What the client would ask for next, and next: the first name that exists answers at once (autopath).</summary>
    private Reply WalkSearchList(Site site, List<byte[]> search, ref ReplyBuilder reply, ZoneSnapshot snapshot, in Finding denial, Span<byte> buffer, int limit)
    {
        Span<byte> offsets = stackalloc byte[NameView.MaxLabels];
        for (var i = 0; i < search.Count; i++)
        {
            var name = NameView.Split(search[i], offsets);
            var finding = ZoneLookup.Find(snapshot, name, _query.Type);
            if (finding.Kind is FindingKind.NotOurs)
            {
                // From here on it takes an upstream to tell. What it must be able to say is that there is nothing at all.
                if (site.ForwarderOf(name) is not { } forwarder || (DnsHeader.Flags(buffer) & DnsHeader.RD) == 0)
                {
                    break;
                }

                var request = Request(buffer, search[i], limit) with { AliasTtl = snapshot.Ttl, Forwarder = forwarder, Alternatives = search[i..] };
                var denied = Found(site, ref reply, snapshot, denial);
                return new Reply(Disposition.Forward, 0, Request: request with { Denial = buffer[..denied.Length].ToArray() });
            }

            if (finding.Kind is not (FindingKind.NameError or FindingKind.CanonicalName))
            {
                var start = reply.Writer.Position;
                reply.Writer.Pointer(DnsHeader.Size);
                reply.Writer.RecordFields(RecordType.CNAME, snapshot.Ttl, search[i].Length);
                var at = reply.Writer.Position;
                reply.Writer.Bytes(search[i]);
                if (reply.Writer.Overflowed)
                {
                    reply.Writer.Rewind(start);
                    break;
                }

                reply.AddAnswers(1);
                var code = ZoneAnswers.Write(ref reply, snapshot, finding, name, at, NextRandom());
                return Sent(ref reply, code, DnsHeader.AA | RecursionAvailable(site));
            }
        }

        return Found(site, ref reply, snapshot, denial);
    }

    /// <summary>ExternalName: the alias, then what its target has, in the cluster as far as it leads there and upstream from where it leaves.</summary>
    private Reply FollowAlias(Site site, ref ReplyBuilder reply, ZoneSnapshot snapshot, Finding finding, Span<byte> buffer, int limit)
    {
        // Aliases followed within the cluster before the chain counts as a loop.
        const int MaxAliases = 10;
        Span<byte> offsets = stackalloc byte[NameView.MaxLabels];
        var chain = new List<byte[]>();
        var (at, code) = (DnsHeader.Size, ResponseCode.NoError);
        while (true)
        {
            var target = finding.Service!.CanonicalName!;
            chain.Add(target);
            if (chain.Count > MaxAliases)
            {
                return Sent(ref reply, ResponseCode.ServFail, 0);
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
                return Forward(site, ref reply, buffer, limit, chain);
            }

            if (finding.Kind is not FindingKind.CanonicalName)
            {
                code = finding.Kind is FindingKind.NameError && !snapshot.Synced
                    ? ResponseCode.ServFail
                    : ZoneAnswers.Write(ref reply, snapshot, finding, name, at, NextRandom());
                break;
            }
        }

        return Sent(ref reply, code, DnsHeader.AA | RecursionAvailable(site));
    }

    /// <summary>Without an upstream, or for a client that did not ask for recursion, other zones are refused at once.</summary>
    private Reply Forward(Site site, ref ReplyBuilder reply, Span<byte> buffer, int limit, List<byte[]> aliases)
    {
        var name = aliases.Count == 0 ? _query.Name : NameView.Split(aliases[^1], stackalloc byte[NameView.MaxLabels]);
        if (site.ForwarderOf(name) is not { } forwarder || (aliases.Count == 0 && (DnsHeader.Flags(buffer) & DnsHeader.RD) == 0))
        {
            return Sent(ref reply, aliases.Count == 0 ? ResponseCode.Refused : ResponseCode.ServFail, aliases.Count == 0 ? 0 : DnsHeader.AA);
        }

        var request = Request(buffer, name.Wire.ToArray(), limit) with { Aliases = aliases, AliasTtl = _source.Zone.Current.Ttl, Forwarder = forwarder };
        return new Reply(Disposition.Forward, 0, Request: request);
    }

    private ForwardRequest Request(Span<byte> buffer, byte[] name, int limit) => new()
    {
        Question = buffer[.._query.QuestionEnd].ToArray(),
        Name = name,
        Type = _query.Type,
        Aliases = [],
        HasEdns = _query.HasEdns,
        DnssecOk = _query.DnssecOk,
        Cookie = _query.HasCookie ? _cookie.AsSpan().ToArray() : null,
        Limit = limit,
    };

    private static int RecursionAvailable(Site site) => site.Forwards.Length > 0 ? DnsHeader.RA : 0;

    private static Reply Sent(ref ReplyBuilder reply, ResponseCode code, int flags) => new(Disposition.Send, reply.Close(code, flags), code);

    private Reply Counted(in Reply reply, Span<byte> buffer, int received, ReadOnlySpan<byte> client)
    {
        if (reply.Disposition is Disposition.Drop)
        {
            return reply;
        }

        _counters.Received(_query.Type, received);
        if (_site is not null && ++_sampled % TopTalkers.Sampling == 0)
        {
            _counters.Clients.Add(client);
            _counters.Names.Add(_query.Name.Wire);
        }

        if (reply.Disposition is Disposition.Send)
        {
            _counters.Answered(reply.Code, reply.Length);
        }

        return _site?.Log is { } log ? Logged(log, reply, buffer, received, client) : reply;
    }

    /// <summary>A forwarded query is logged when it is answered.</summary>
    private Reply Logged(QueryLog log, in Reply reply, Span<byte> buffer, int received, ReadOnlySpan<byte> client)
    {
        var entry = new QueryLogEntry
        {
            Client = client.Length is 4 or 16 ? new IPAddress(client) : IPAddress.None,
            Id = DnsHeader.Id(buffer),
            Type = _query.Type,
            Name = DnsName.Format(_query.Name.Wire),
            Protocol = _counters.Protocol,
            Size = received,
            DnssecOk = _query.DnssecOk,
            BufferSize = _query.PayloadSize,
            Code = reply.Code,
            Flags = DnsHeader.FlagText(DnsHeader.Flags(buffer), ','),
            ReplySize = reply.Length,
            Duration = Stopwatch.GetElapsedTime(_started),
        };
        if (reply.Request is { } request)
        {
            var name = _query.Name.Wire.ToArray();
            return reply with
            {
                Request = request with
                {
                    Logged = answer =>
                    {
                        if (log.Wants(NameView.Split(name, stackalloc byte[NameView.MaxLabels]), answer.Code))
                        {
                            var flags = DnsHeader.FlagText(DnsHeader.Flags(answer.Message.Span), ',');
                            log.Add(entry with { Code = answer.Code, Flags = flags, ReplySize = answer.Message.Length, Duration = answer.Duration });
                        }
                    },
                },
            };
        }

        if (reply.Disposition is Disposition.Send && log.Wants(_query.Name, reply.Code))
        {
            log.Add(entry);
        }

        return reply;
    }

    /// <summary>Xorshift: spreads load over addresses, protects nothing.</summary>
    private uint NextRandom()
    {
        _random ^= _random << 13;
        _random ^= _random >> 17;
        return _random ^= _random << 5;
    }
}
