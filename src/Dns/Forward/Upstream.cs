using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Authentication;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Server;
using Dataplane.Dns.Wire;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Dns.Forward;

/// <summary>
/// One server that is asked, and what is known of its health. An exchange that fails counts; while anything is counted the server is
/// asked <c>. NS</c>, or what the configuration says, now and then, and any answer clears the count. Nobody is checked who answers.
/// </summary>
internal sealed class Upstream : IDisposable
{
    private static readonly TimeSpan CheckLimit = TimeSpan.FromSeconds(1);

    private readonly UpstreamPlan _plan;
    private readonly ForwardPlan _forward;
    private readonly NetworkNamespace? _namespace;
    private readonly TimeProvider _time;
    private readonly StreamPool _streams;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopping;
    private int _fails;
    private int _checking;
    private long _checkFailures;
    private long _datagrams;

    internal Upstream(UpstreamPlan plan, ForwardPlan forward, NetworkNamespace? networkNamespace, TimeProvider time)
    {
        (_plan, _forward, _namespace, _time) = (plan, forward, networkNamespace, time);
        _streams = new StreamPool(plan, forward, networkNamespace, time);
        _stopping = _stop.Token;
    }

    internal UpstreamPlan Plan => _plan;

    /// <summary>Too many failures in a row: others are asked as long as there are any.</summary>
    internal bool IsDown => _forward.MaxFails > 0 && Volatile.Read(ref _fails) >= _forward.MaxFails;

    internal long CheckFailures => Interlocked.Read(ref _checkFailures);

    /// <summary>Times of exchanges that had an answer by its code, in the order of <see cref="QueryCounters.Codes"/>, the last for the others.</summary>
    internal QueryCounters.Distribution[] Durations { get; } =
        [.. Enumerable.Range(0, QueryCounters.Codes.Length + 1).Select(_ => new QueryCounters.Distribution(QueryCounters.DurationBounds.Length))];

    /// <summary>Questions that found a connection to go by, and those that did not; each by UDP has a socket of its own.</summary>
    internal (long Hits, long Misses, long Datagrams) Connections => (_streams.Hits, _streams.Misses, Interlocked.Read(ref _datagrams));

    /// <summary>What CoreDNS calls the protocol of streams.</summary>
    internal string StreamProtocol => _plan.Tls ? "tcp-tls" : "tcp";

    /// <summary>Why the last question that failed did, in CoreDNS's words.</summary>
    internal string LastFailure { get; private set; } = "";

    /// <summary>Asks, by TCP as well where UDP was too small.</summary>
    /// <returns>Null when there was no answer in time, or none that is one to this question.</returns>
    internal async Task<byte[]?> TryAskAsync(byte[] query, TimeSpan timeLimit, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(timeLimit);
        try
        {
            var answer = await AskAsync((byte[])query.Clone(), limit.Token);
            Volatile.Write(ref _fails, 0);
            var code = Array.IndexOf(QueryCounters.Codes, (ResponseCode)(DnsHeader.Flags(answer) & DnsHeader.RcodeMask));
            lock (Durations)
            {
                QueryCounters.Add(Durations[code < 0 ? QueryCounters.Codes.Length : code], Stopwatch.GetElapsedTime(start));
            }

            return answer;
        }
        catch (Exception failure) when (failure is SocketException or IOException or OperationCanceledException or AuthenticationException)
        {
            if (!cancellation.IsCancellationRequested)
            {
                var what = failure is OperationCanceledException ? "i/o timeout"
                    : (failure as SocketException ?? failure.InnerException as SocketException)?.SocketErrorCode is SocketError.ConnectionRefused ? "connection refused"
                    : failure.Message;
                LastFailure = $"read {(_plan.Tls || _forward.ForceTcp ? "tcp" : "udp")} {_plan.Address}: {what}";
                Interlocked.Increment(ref _fails);
                StartChecks();
            }

            return null;
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
        _streams.Dispose();
    }

    private Task<byte[]> AskAsync(byte[] query, CancellationToken cancellation)
    {
        UpstreamExchange.SetRandomId(query);
        if (_plan.Tls || _forward.ForceTcp)
        {
            return _streams.AskAsync(query, cancellation);
        }

        Interlocked.Increment(ref _datagrams);
        return UpstreamExchange.AskAsync(_plan.Address, query, _namespace, cancellation, _streams.AskAsync);
    }

    private void StartChecks()
    {
        if (_forward.MaxFails > 0 && _forward.HealthCheck > TimeSpan.Zero && Interlocked.Exchange(ref _checking, 1) == 0)
        {
            _ = CheckAsync();
        }
    }

    private async Task CheckAsync()
    {
        var query = QueryMessage.Write(_forward.CheckName, RecordType.NS, _forward.CheckRecursion ? DnsHeader.RD : 0, null);
        while (Volatile.Read(ref _fails) > 0)
        {
            await Task.Delay(_forward.HealthCheck, _time, _stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stopping);
            limit.CancelAfter(CheckLimit);
            try
            {
                await AskAsync((byte[])query.Clone(), limit.Token);
                Volatile.Write(ref _fails, 0);
            }
            catch (Exception failure) when (failure is SocketException or IOException or OperationCanceledException or AuthenticationException)
            {
                Interlocked.Increment(ref _checkFailures);
            }
        }

        Volatile.Write(ref _checking, 0);
    }
}
