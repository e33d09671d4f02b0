using System.Diagnostics;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Server;

/// <summary>
/// Answers one message after the other in place:
/// <code>
/// 1 parse    malformed: FORMERR, NOTIMP, BADVERS or silence
/// 2 refuse   no server block for the name, access lists, classes, transfers to strangers
/// 3 rename   by the block's rewrite rules (Renaming); what is found is given under the name that was asked
/// 4 look up  templates and hosts, if there are any; then the cluster, in the snapshot of this instant (ClusterAnswers)
/// 5 write    behind the question, in the same buffer; or hand over to a forwarder (ForwardAnswers)
/// </code>
/// </summary>
/// <remarks>
/// Not safe for two threads: each has its own, with its own scratch query. For names of the cluster and of hosts nothing is allocated;
/// only templates, renaming, logging and forwarding do.
/// </remarks>
internal sealed class QueryEngine
{
    private readonly SiteSource _source;
    private readonly QueryCounters _counters;
    private readonly byte[] _cookie = new byte[ServerCookies.Size];
    private readonly Query _query = new();
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
    /// <param name="port">The client's.</param>
    internal Reply AnswerDatagram(Span<byte> buffer, int length, ReadOnlySpan<byte> client = default, int port = 0) =>
        Counted(Answer(buffer, length, client, port, datagram: true), buffer, length, client, port);

    /// <summary>Answers a message of a stream: at most what the buffer holds.</summary>
    /// <inheritdoc cref="AnswerDatagram"/>
    internal Reply AnswerStream(Span<byte> buffer, int length, ReadOnlySpan<byte> client = default, int port = 0) =>
        Counted(Answer(buffer, length, client, port, datagram: false), buffer, length, client, port);

    private Reply Answer(Span<byte> buffer, int length, ReadOnlySpan<byte> client, int port, bool datagram)
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
        var identity = _query.WantsIdentity && site?.Plan.Identity is { } name ? name : default(ReadOnlySpan<byte>);
        if (_query.HasCookie)
        {
            _query.ClientCookie.CopyTo(_cookie);
            ServerCookies.Complete(_cookie, client, TimeProvider.System.GetUtcNow());
        }

        if (_query.HasCookie || !identity.IsEmpty)
        {
            reply.Attach(_query.HasCookie ? _cookie : default(ReadOnlySpan<byte>), identity);
        }

        if (verdict is QueryVerdict.CookieOnly)
        {
            reply.WithoutQuestion();
            return Reply.Sent(ref reply, ResponseCode.NoError, 0);
        }

        if (verdict is QueryVerdict.BadVers)
        {
            return Reply.Sent(ref reply, ResponseCode.BadVers, 0);
        }

        if (site is null)
        {
            return Reply.Sent(ref reply, ResponseCode.Refused, 0);
        }

        if (site.Plan.Access.Length > 0)
        {
            switch (AccessList.Decide(site.Plan.Access, _query.Name, _query.Type, client))
            {
                case AccessAction.Block:
                    return Reply.Sent(ref reply, ResponseCode.Refused, 0);
                case AccessAction.Filter:
                    return Reply.Sent(ref reply, ResponseCode.NoError, 0);
                case AccessAction.Drop:
                    return new Reply(Disposition.Drop, 0);
            }
        }

        if (site.Plan.KnowsLocalhost && LocalAnswers.TryAnswer(ref reply, _query, out var local))
        {
            return Reply.Sent(ref reply, local, 0);
        }

        if (SelfAnswers.TryAnswer(site.Plan, ref reply, _query))
        {
            return Reply.Sent(ref reply, ResponseCode.NoError, 0);
        }

        if (_query.Type is RecordType.AXFR or RecordType.IXFR && _query.Class is RecordClass.IN && !datagram && MayTransfer(site, client))
        {
            return new Reply(Disposition.Transfer, 0);
        }

        var asked = new AskedQuestion
        {
            Site = site,
            Query = _query,
            Buffer = buffer,
            Limit = limit,
            Client = client,
            ClientPort = port,
            Protocol = _counters.Protocol,
            Cookie = _query.HasCookie ? _cookie : default(ReadOnlySpan<byte>),
            Random = NextRandom(),
        };
        return site.Plan.Rewrites.Length > 0 && Renaming.Of(site.Plan.Rewrites, _query.Name, _query.Type, _query.Class) is { } renaming
            ? AnswerRenamed(asked, renaming)
            : Resolve(asked, ref reply);
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
    private Reply AnswerRenamed(in AskedQuestion asked, Renaming renaming)
    {
        var (query, flags) = (asked.Query, DnsHeader.Flags(asked.Buffer) & (DnsHeader.RD | DnsHeader.CD));
        var inner = QueryMessage.Write(renaming.Name, renaming.Type, flags, query.HasEdns ? query.PayloadSize : null, query.DnssecOk, renaming.Class);
        var innerBuffer = new byte[Math.Max(asked.Limit, inner.Length)];
        inner.CopyTo(innerBuffer, 0);
        var innerQuery = new Query();
        innerQuery.Parse(inner);
        var reply = new ReplyBuilder(innerBuffer, innerQuery.QuestionEnd, (query.HasEdns, query.DnssecOk), asked.Limit);
        var renamed = new AskedQuestion
        {
            Site = asked.Site,
            Query = innerQuery,
            Buffer = innerBuffer,
            Limit = asked.Limit,
            Client = asked.Client,
            ClientPort = asked.ClientPort,
            Protocol = asked.Protocol,
            Cookie = asked.Cookie,
            Random = asked.Random,
        };
        var found = Resolve(renamed, ref reply);
        var request = asked.Request(renaming.Name) with { Renaming = renaming, Rotation = 0 };
        if (found.Request is { } forwarded)
        {
            return found with { Request = forwarded with { Question = request.Question, Renaming = renaming } };
        }

        var recursion = DnsHeader.Flags(innerBuffer) & DnsHeader.RA;
        var (message, code) = UpstreamAnswer.Rewrite(request, innerBuffer.AsSpan(0, found.Length), 0);
        DnsHeader.SetFlags(message, (ushort)((DnsHeader.Flags(message) & ~DnsHeader.RA) | recursion));
        message.CopyTo(asked.Buffer);
        return new Reply(Disposition.Send, message.Length, code);
    }

    private Reply Resolve(in AskedQuestion asked, ref ReplyBuilder reply)
    {
        var plan = asked.Site.Plan;
        var name = asked.Query.Name;
        var type = asked.Query.Type;
        if (asked.Query.Class != RecordClass.IN || type is RecordType.AXFR or RecordType.IXFR)
        {
            return Reply.Sent(ref reply, ResponseCode.Refused, 0);
        }

        if (plan.Templates.Length > 0 && TemplateAnswers.TryAnswer(plan.Templates, ref reply, name, type, asked.Client, out var made))
        {
            return made.Alias is { } alias
                ? ClusterAnswers.Follow(asked, ref reply, _source.Zone.Current, alias.Data, alias.Ttl, mayEndOutside: true)
                : Reply.Sent(ref reply, made.Code, DnsHeader.AA);
        }

        if (asked.Site.Hosts is { } hosts && HostsAnswers.TryAnswer(hosts, ref reply, name, type, asked.Rotation, out var known))
        {
            return Reply.Sent(ref reply, known, known is ResponseCode.NoError ? DnsHeader.AA : 0);
        }

        var snapshot = _source.Zone.Current;
        foreach (var alias in plan.Kubernetes?.Aliases ?? [])
        {
            if (alias.Zone.Covers(name) && Renaming.Of(alias.Rules, name, type, RecordClass.IN) is { } renaming)
            {
                return AnswerRenamed(asked, renaming);
            }
        }

        return plan.Kubernetes is { } cluster
            ? ClusterAnswers.Resolve(asked, ref reply, snapshot, cluster)
            : ForwardAnswers.HandOver(asked, ref reply, snapshot.Ttl, []);
    }

    private Reply Counted(in Reply reply, Span<byte> buffer, int received, ReadOnlySpan<byte> client, int port)
    {
        if (reply.Disposition is Disposition.Drop)
        {
            return reply;
        }

        _counters.Received(_query.Type, received, client.Length == 16);
        if (_site is not null && ++_sampled % TopTalkers.Sampling == 0)
        {
            _counters.Clients.Add(client);
            _counters.Names.Add(_query.Name.Wire);
        }

        if (reply.Disposition is Disposition.Send)
        {
            _counters.Answered(reply.Code, reply.Length);
        }

        return _site?.Log is { } log && log.RuleFor(reply, _query.Name, buffer) is { } rule
            ? log.Note(rule, reply, buffer, QueryLogEntry.Of(_query, buffer, received, client, port, _counters), _started)
            : reply;
    }

    /// <summary>Xorshift: spreads load over addresses, protects nothing.</summary>
    private uint NextRandom()
    {
        _random ^= _random << 13;
        _random ^= _random >> 17;
        return _random ^= _random << 5;
    }
}
