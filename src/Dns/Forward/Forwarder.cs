using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Dataplane.Dns.Wire;
using Dataplane.Linux.Namespaces;
using Microsoft.Extensions.Logging;

namespace Dataplane.Dns.Forward;

/// <summary>A reply to a forwarded query.</summary>
internal readonly record struct ForwardAnswer(ReadOnlyMemory<byte> Message, ResponseCode Code, TimeSpan Duration);

/// <summary>
/// Asks the upstreams for names of other zones: the one that answered last first, the next when it does not in
/// <see cref="ServerTimeout"/>, by TCP where UDP was too small. Answers are kept for their TTL within caps.
/// </summary>
internal sealed class Forwarder : IDisposable
{
    /// <summary>Beyond this many queries under way clients are refused at once: waiting would only hide the overload.</summary>
    private const int MaxConcurrent = 1000;

    internal static readonly TimeSpan ServerTimeout = TimeSpan.FromSeconds(2);

    private readonly LoopProbes _probes = new();
    private readonly ILogger _logger;
    private readonly NetworkNamespace? _namespace;
    private readonly ForwardCache _cache;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopping;
    private volatile IPEndPoint[] _upstreams;
    private int _concurrent;
    private int _preferred;
    private long _rejected;

    /// <param name="upstreams">At least one, in the order they are tried.</param>
    /// <param name="networkNamespace">Where the sockets are made; null is the process's own.</param>
    /// <param name="time">For the age of kept answers.</param>
    /// <param name="logger">Told of upstreams that lead back here.</param>
    internal Forwarder(IReadOnlyList<IPEndPoint> upstreams, NetworkNamespace? networkNamespace, TimeProvider time, ILogger logger)
    {
        _logger = logger;
        _upstreams = [.. upstreams];
        _namespace = networkNamespace;
        _cache = new ForwardCache(time);
        _stopping = _stop.Token;
    }

    internal ForwardCache Cache => _cache;

    /// <summary>Queries refused because too many were under way.</summary>
    internal long Rejected => Interlocked.Read(ref _rejected);

    /// <summary>Starts on a query and returns; the callback comes later from a pool thread, exactly once.</summary>
    internal void Start(ForwardRequest request, Action<ForwardAnswer> answered)
    {
        var start = Stopwatch.GetTimestamp();
        if (_probes.TryRecognize(request, out var looping))
        {
            Log.UpstreamLoops(_logger, looping);
            _upstreams = [.. _upstreams.Where(upstream => !upstream.Equals(looping))];
        }

        if (Interlocked.Increment(ref _concurrent) > MaxConcurrent)
        {
            Interlocked.Decrement(ref _concurrent);
            Interlocked.Increment(ref _rejected);
            Report(UpstreamAnswer.Failure(request, ResponseCode.Refused), start, answered);
            return;
        }

        _ = Task.Run(async () =>
        {
            try
            {
                Report(await AnswerOrFailAsync(request), start, answered);
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
            await TryAskAsync(upstream, QueryMessage.Write(_probes.NameFor(upstream), LoopProbes.Type, DnsHeader.RD, null));
        }
    }

    /// <summary>Queries under way end with SERVFAIL.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private static void Report((byte[] Message, ResponseCode Code) reply, long start, Action<ForwardAnswer> answered)
    {
        try
        {
            answered(new ForwardAnswer(reply.Message, reply.Code, Stopwatch.GetElapsedTime(start)));
        }
        catch (ObjectDisposedException)
        {
            // The listener stopped while the upstream was asked.
        }
    }

    /// <summary>The client is answered, and its place given back, even after an upstream's answer that nobody foresaw.</summary>
    private async Task<(byte[] Message, ResponseCode Code)> AnswerOrFailAsync(ForwardRequest request)
    {
        try
        {
            return await AnswerAsync(request);
        }
        catch (Exception failure)
        {
            Log.QueryFailed(_logger, failure);
            return UpstreamAnswer.Failure(request, ResponseCode.ServFail);
        }
    }

    private async Task<(byte[] Message, ResponseCode Code)> AnswerAsync(ForwardRequest request)
    {
        var checkingDisabled = DnsHeader.Flags(request.Question) & DnsHeader.CD;
        var key = new ForwardKey(request.Name, request.Type, request.DnssecOk, checkingDisabled != 0);
        if (_cache.TryGet(key, out var kept, out var age))
        {
            return UpstreamAnswer.Rewrite(request, kept, age);
        }

        var query = QueryMessage.Write(request.Name, request.Type, DnsHeader.RD | checkingDisabled, Server.ReplyBuilder.PayloadSize, request.DnssecOk);
        var (upstreams, first) = (_upstreams, Volatile.Read(ref _preferred));
        for (var i = 0; i < upstreams.Length; i++)
        {
            var chosen = (first + i) % upstreams.Length;
            if (await TryAskAsync(upstreams[chosen], query) is { } answer)
            {
                Volatile.Write(ref _preferred, chosen);
                _cache.Keep(key, answer);
                return UpstreamAnswer.Rewrite(request, answer, 0);
            }
        }

        return UpstreamAnswer.Failure(request, ResponseCode.ServFail);
    }

    private async Task<byte[]?> TryAskAsync(IPEndPoint upstream, byte[] query)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stopping);
        limit.CancelAfter(ServerTimeout);
        try
        {
            return await UpstreamExchange.AskAsync(upstream, (byte[])query.Clone(), _namespace, limit.Token);
        }
        catch (Exception failure) when (failure is SocketException or IOException or OperationCanceledException)
        {
            return null;
        }
    }
}
