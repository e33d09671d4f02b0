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
/// asked <c>. NS</c> now and then, and any answer clears the count. Nobody is checked who answers.
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

    /// <summary>Times of exchanges that had an answer, for coredns_proxy_request_duration_seconds.</summary>
    internal QueryCounters.Distribution Durations { get; } = new(QueryCounters.DurationBounds.Length);

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
            lock (Durations)
            {
                QueryCounters.Add(Durations, Stopwatch.GetElapsedTime(start));
            }

            return answer;
        }
        catch (Exception failure) when (failure is SocketException or IOException or OperationCanceledException or AuthenticationException)
        {
            if (!cancellation.IsCancellationRequested)
            {
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
        return _plan.Tls || _forward.ForceTcp
            ? _streams.AskAsync(query, cancellation)
            : UpstreamExchange.AskAsync(_plan.Address, query, _namespace, cancellation, _streams.AskAsync);
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
        var query = QueryMessage.Write([0], RecordType.NS, DnsHeader.RD, null);
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
