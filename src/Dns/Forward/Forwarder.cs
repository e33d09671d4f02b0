using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Wire;
using Dataplane.Linux.Namespaces;
using Microsoft.Extensions.Logging;

namespace Dataplane.Dns.Forward;

/// <summary>A reply to a forwarded query.</summary>
internal readonly record struct ForwardAnswer(ReadOnlyMemory<byte> Message, ResponseCode Code, TimeSpan Duration);

/// <summary>
/// Asks the upstreams for names of other zones: the one the policy says, the next when it does not answer, by TCP where UDP was too
/// small. Clients that ask the same at the same time share one question. Answers are kept if the plan says so:
/// <code>
/// kept and fresh ──────────────> answered at once; asked again in the background when it is due
/// kept and expired ────────────> answered at once and asked again, or asked first and answered if nobody else does
/// under way for somebody else ─> waits for the same answer
/// </code>
/// </summary>
internal sealed class Forwarder : IDisposable
{
    private readonly LoopProbes _probes = new();
    private readonly ILogger _logger;
    private readonly ForwardPlan _plan;
    private readonly CachePlan? _cachePlan;
    private readonly ConcurrentDictionary<ForwardKey, Lazy<Task<Outcome>>> _underWay = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopping;
    private volatile Upstream[] _upstreams;
    private int _concurrent;
    private int _next;
    private long _rejected;
    private long _allDown;

    /// <param name="plan">Whom to ask, and how.</param>
    /// <param name="cache">Null to keep nothing.</param>
    /// <param name="networkNamespace">Where the sockets are made; null is the process's own.</param>
    /// <param name="time">For the age of kept answers.</param>
    /// <param name="logger">Told of upstreams that lead back here.</param>
    internal Forwarder(ForwardPlan plan, CachePlan? cache, NetworkNamespace? networkNamespace, TimeProvider time, ILogger logger)
    {
        _plan = plan;
        _logger = logger;
        _cachePlan = cache;
        _upstreams = [.. plan.Upstreams.Select(upstream => new Upstream(upstream, plan, networkNamespace, time))];
        Cache = cache is null ? null : new ForwardCache(cache, time);
        _stopping = _stop.Token;
    }

    internal ForwardCache? Cache { get; }

    /// <summary>Whether there are answers that another one is asked after.</summary>
    internal bool MayGoOn => _plan.Next.Length > 0 || _plan.GoesOnWithoutData;

    internal IReadOnlyList<Upstream> Upstreams => _upstreams;

    /// <summary>Queries refused because too many were under way.</summary>
    internal long Rejected => Interlocked.Read(ref _rejected);

    /// <summary>Questions for which no upstream was well: one was asked all the same.</summary>
    internal long AllDown => Interlocked.Read(ref _allDown);

    /// <summary>Questions under way.</summary>
    internal int Concurrent => Volatile.Read(ref _concurrent);

    /// <summary>Starts on a query; the callback comes exactly once, at once for what is kept and later from a pool thread otherwise.</summary>
    internal void Start(ForwardRequest request, Action<ForwardAnswer> answered)
    {
        var start = Stopwatch.GetTimestamp();
        if (_probes.TryRecognize(request, out var looping))
        {
            // Told here, and not once more as a question that failed.
            request = request with { Errors = null };
            Log.UpstreamLoops(_logger, looping);
            _upstreams = [.. _upstreams.Where(upstream => !upstream.Plan.Address.Equals(looping))];
        }

        if (request.Alternatives.Count == 0 && TryKept(request, out var kept) && !GoesOn(request, kept))
        {
            Report(request, kept, start, answered);
            return;
        }

        if (Interlocked.Increment(ref _concurrent) > _plan.MaxConcurrent)
        {
            Interlocked.Decrement(ref _concurrent);
            Interlocked.Increment(ref _rejected);
            request.Errors?.Tell(ResponseCode.Refused, request.Question, request.Type, $"concurrent queries exceeded maximum {_plan.MaxConcurrent}");
            Report(request, UpstreamAnswer.Failure(request, ResponseCode.Refused), start, answered);
            return;
        }

        _ = Task.Run(async () =>
        {
            try
            {
                Report(request, await AnswerOrFailAsync(request), start, answered);
            }
            finally
            {
                Interlocked.Decrement(ref _concurrent);
            }
        });
    }

    /// <summary>
    /// Asks every upstream for a name made up for it. If the question comes in by the front door, that upstream forwards to
    /// this server, and is asked no more.
    /// </summary>
    internal async Task FindLoopsAsync()
    {
        foreach (var upstream in _upstreams)
        {
            await upstream.TryAskAsync(QueryMessage.Write(_probes.NameFor(upstream.Plan.Address), LoopProbes.Type, DnsHeader.RD, null), _plan.AnswerLimit, _stopping);
        }
    }

    /// <summary>Queries under way end with SERVFAIL.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        foreach (var upstream in _upstreams)
        {
            upstream.Dispose();
        }

        _stop.Dispose();
    }

    private static void Report(ForwardRequest request, (byte[] Message, ResponseCode Code) reply, long start, Action<ForwardAnswer> answered)
    {
        var answer = new ForwardAnswer(reply.Message, reply.Code, Stopwatch.GetElapsedTime(start));
        request.Logged?.Invoke(answer);
        try
        {
            answered(answer);
        }
        catch (ObjectDisposedException)
        {
            // The listener stopped while the upstream was asked.
        }
    }

    private static ForwardKey KeyOf(ForwardRequest request) =>
        new(request.Name, request.Type, request.DnssecOk, (DnsHeader.Flags(request.Question) & DnsHeader.CD) != 0);

    /// <summary>What is kept, if it may be given without asking.</summary>
    private bool TryKept(ForwardRequest request, out (byte[] Message, ResponseCode Code) reply)
    {
        reply = default;
        var key = KeyOf(request);
        if (Cache is null || !Cache.TryGet(key, out var cached) || (cached.IsStale && _cachePlan!.VerifyStale))
        {
            return false;
        }

        if (cached.IsDue || cached.IsStale)
        {
            Cache.CountPrefetch();
            _ = FetchAsync(key, request, refresh: true);
        }

        reply = UpstreamAnswer.Rewrite(request, cached.Answer, cached.Age, cached.Left);
        return true;
    }

    /// <summary>The client is answered, and its place given back, even after an upstream's answer that nobody foresaw.</summary>
    private async Task<(byte[] Message, ResponseCode Code)> AnswerOrFailAsync(ForwardRequest request)
    {
        try
        {
            return request.Alternatives.Count == 0 ? await GoOnAsync(request, await AnswerAsync(request)) : await FirstThatExistsAsync(request);
        }
        catch (Exception failure)
        {
            Log.QueryFailed(_logger, failure);
            return UpstreamAnswer.Failure(request, ResponseCode.ServFail);
        }
    }

    /// <summary>A search list walked for the client: the first name that exists is the answer, as an alias of the one that was asked.</summary>
    private async Task<(byte[] Message, ResponseCode Code)> FirstThatExistsAsync(ForwardRequest request)
    {
        foreach (var name in request.Alternatives)
        {
            var tried = request with { Name = name, Aliases = [name], Alternatives = [] };
            var reply = await GoOnAsync(tried, TryKept(tried, out var kept) ? kept : await AnswerAsync(tried));
            if (reply.Code is not ResponseCode.NXDomain)
            {
                return reply;
            }
        }

        return (request.Denial!, ResponseCode.NXDomain);
    }

    /// <summary>Whether there is somebody else to ask after such an answer.</summary>
    private bool GoesOn(ForwardRequest request, (byte[] Message, ResponseCode Code) reply) => request.Others.Count > 0
        && (_plan.Next.Contains(reply.Code) || (_plan.GoesOnWithoutData && reply.Code is ResponseCode.NoError && DnsHeader.AnswerCount(reply.Message) == 0));

    private async Task<(byte[] Message, ResponseCode Code)> GoOnAsync(ForwardRequest request, (byte[] Message, ResponseCode Code) reply)
    {
        if (!GoesOn(request, reply))
        {
            return reply;
        }

        var other = request.Others[0];
        var rest = request with { Forwarder = other, Others = [.. request.Others.Skip(1)] };
        return await other.GoOnAsync(rest, other.TryKept(rest, out var kept) ? kept : await other.AnswerAsync(rest));
    }

    private async Task<(byte[] Message, ResponseCode Code)> AnswerAsync(ForwardRequest request)
    {
        var key = KeyOf(request);
        var (answer, failure) = await FetchAsync(key, request, refresh: false);
        if (answer is not null && !(IsFailure(answer) && _cachePlan is { Stale.Ticks: > 0 }))
        {
            return UpstreamAnswer.Rewrite(request, answer, 0, Cache?.Cap(key, answer) ?? uint.MaxValue);
        }

        if (Cache is not null && Cache.TryGet(key, out var stale) && stale.IsStale)
        {
            return UpstreamAnswer.Rewrite(request, stale.Answer, stale.Age, stale.Left);
        }

        if (failure is not null)
        {
            request.Errors?.Tell(ResponseCode.ServFail, request.Question, request.Type, failure);
        }

        return UpstreamAnswer.Failure(request, ResponseCode.ServFail);
    }

    private static bool IsFailure(byte[] answer) => (DnsHeader.Flags(answer) & DnsHeader.RcodeMask) == (int)ResponseCode.ServFail;

    /// <summary>Unless it is to be refreshed, an answer that came for another client between the look into the cache and now is as good.</summary>
    private async Task<Outcome> FetchAsync(ForwardKey key, ForwardRequest request, bool refresh)
    {
        var own = new Lazy<Task<Outcome>>(() => !refresh && Cache?.Peek(key) is { } known ? Task.FromResult(new Outcome(known, null)) : AskAsync(key, request));
        var shared = _underWay.GetOrAdd(key, own);
        try
        {
            return await shared.Value;
        }
        finally
        {
            _underWay.TryRemove(KeyValuePair.Create(key, shared));
        }
    }

    private async Task<Outcome> AskAsync(ForwardKey key, ForwardRequest request)
    {
        var checkingDisabled = DnsHeader.Flags(request.Question) & DnsHeader.CD;
        var query = QueryMessage.Write(request.Name, request.Type, DnsHeader.RD | checkingDisabled, Server.ReplyBuilder.PayloadSize, request.DnssecOk);
        var start = Stopwatch.GetTimestamp();
        byte[]? best = null;
        var failure = "no healthy proxies";
        foreach (var upstream in _plan.MaxAttempts > 0 ? Order().Take(_plan.MaxAttempts) : Order())
        {
            var left = _plan.WholeLimit - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
            {
                break;
            }

            if (await upstream.TryAskAsync(query, left < _plan.AnswerLimit ? left : _plan.AnswerLimit, _stopping) is { } answer)
            {
                best = answer;
                if (!_plan.Failover.Contains((ResponseCode)(DnsHeader.Flags(answer) & DnsHeader.RcodeMask)))
                {
                    break;
                }
            }
            else
            {
                failure = upstream.LastFailure;
            }
        }

        if (best is not null)
        {
            Cache?.Keep(key, best);
        }

        return new Outcome(best, best is null ? failure : null);
    }

    /// <param name="Answer">Null when there is none.</param>
    /// <param name="Failure">Why.</param>
    private readonly record struct Outcome(byte[]? Answer, string? Failure);

    /// <summary>Those that are well, the policy's choice first; all, when none is: what checks say may be wrong.</summary>
    private IEnumerable<Upstream> Order()
    {
        var all = _upstreams;
        var well = Array.FindAll(all, upstream => !upstream.IsDown);
        if (well.Length == 0)
        {
            Interlocked.Increment(ref _allDown);
            well = _plan.FailsFast ? [] : all;
        }

        var first = well.Length == 0 ? 0 : _plan.Policy switch
        {
            ForwardPolicy.Random => Random.Shared.Next(well.Length),
            ForwardPolicy.RoundRobin => (int)((uint)Interlocked.Increment(ref _next) % (uint)well.Length),
            _ => 0,
        };
        return Enumerable.Range(0, well.Length).Select(step => well[(first + step) % well.Length]);
    }
}
