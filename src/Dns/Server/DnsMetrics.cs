using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Text;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Wire;
using Dataplane.Hosting;

namespace Dataplane.Dns.Server;

/// <summary>
/// The server's numbers under CoreDNS's names, so that its dashboards and alerts keep working. Listeners count into arrays of
/// their own; nothing is summed up before somebody asks.
/// </summary>
internal sealed class DnsMetrics : IDisposable
{
    private const int TopCount = 10;

    private readonly Meter _meter = new("Dataplane.Dns");
    private readonly MetricsText _text;
    private readonly List<QueryCounters> _counters = [];
    private readonly string _zone;
    private readonly Func<IReadOnlyCollection<Forwarder>> _forwarders;
    private readonly Histogram<double> _programming;
    private long _reloadFailures;

    /// <param name="zone">The label of names in the cluster's zone.</param>
    /// <param name="forwarders">Those of now: a reload replaces them.</param>
    /// <param name="lastHeard">When the API server was last heard of.</param>
    internal DnsMetrics(string zone, Func<IReadOnlyCollection<Forwarder>> forwarders, Func<DateTimeOffset?> lastHeard)
    {
        _zone = zone.TrimEnd('.') + ".";
        _text = new MetricsText(_meter);
        _meter.CreateObservableCounter("coredns_dns_requests_total", Requests, description: "Counter of DNS requests made per zone, protocol and family.");
        _meter.CreateObservableCounter("coredns_dns_responses_total", Responses, description: "Counter of response status codes.");
        _meter.CreateObservableCounter(
            "coredns_panics_total", () => Listeners().Sum(counters => counters.Failures), description: "Counter of queries that failed by a fault of the server.");
        var version = typeof(DnsMetrics).Assembly.GetName().Version?.ToString(3) ?? "";
        _meter.CreateObservableGauge(
            "coredns_build_info",
            () => new Measurement<long>(1, new KeyValuePair<string, object?>("version", version)),
            description: "A constant 1 with the version as its label.");
        _meter.CreateObservableCounter("coredns_reload_failed_total", () => ReloadFailures, description: "Counter of configurations that could not be taken over.");
        _meter.CreateObservableGauge("dataplane_dns_state_age_seconds", () => Age(lastHeard()), unit: null, description: "Seconds since the API server was last heard of.");
        _meter.CreateObservableGauge(
            "dataplane_dns_top_clients", () => Top(counters => counters.Clients, "client", key => key.Length is 4 or 16 ? new IPAddress(key).ToString() : "unknown"),
            description: "Queries, about, of the clients that ask most.");
        _meter.CreateObservableGauge(
            "dataplane_dns_top_names", () => Top(counters => counters.Names, "name", key => DnsName.Format(key)), description: "Queries, about, for the names that are asked for most.");
        _programming = _meter.CreateHistogram(
            "coredns_kubernetes_dns_programming_duration_seconds", unit: null, "Seconds from a change of a headless service's endpoints to names that have it.", tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [.. Enumerable.Range(0, 20).Select(power => 0.001 * Math.Pow(2, power))] });
        _forwarders = forwarders;
        Observe();
    }

    internal long ReloadFailures => Interlocked.Read(ref _reloadFailures);

    /// <summary>CoreDNS too measures this kind alone: of the others no endpoint has a part in a name.</summary>
    internal void Programmed(TimeSpan sinceTrigger) =>
        _programming.Record(Math.Max(0, sinceTrigger.TotalSeconds), new KeyValuePair<string, object?>("service_kind", "headless_with_selector"));

    internal void ReloadFailed() => Interlocked.Increment(ref _reloadFailures);

    internal QueryCounters Add(QueryCounters counters)
    {
        lock (_counters)
        {
            _counters.Add(counters);
            return counters;
        }
    }

    internal string Render()
    {
        var text = new StringBuilder(_text.Render());
        Append(text, "coredns_dns_request_duration_seconds", "Seconds from reception of a request to its response.", counters => counters.Durations, QueryCounters.DurationBounds);
        var sizes = Array.ConvertAll(QueryCounters.SizeBounds, bound => (double)bound);
        Append(text, "coredns_dns_request_size_bytes", "Size of requests in bytes.", counters => counters.RequestSizes, sizes);
        Append(text, "coredns_dns_response_size_bytes", "Size of responses in bytes.", counters => counters.ResponseSizes, sizes);
        Append(text, "coredns_proxy_request_duration_seconds", "Seconds an upstream took to answer.", UpstreamTimes(), QueryCounters.DurationBounds);
        return text.ToString();
    }

    private IEnumerable<(string Labels, QueryCounters.Distribution[] Distributions)> UpstreamTimes() =>
        from upstream in _forwarders().SelectMany(forwarder => forwarder.Upstreams).GroupBy(upstream => upstream.Plan.Address)
        from index in Enumerable.Range(0, QueryCounters.Codes.Length + 1)
        let times = upstream.Select(same => same.Durations[index]).ToArray()
        where times.Any(time => time.Buckets.Any(count => count > 0))
        select ($"proxy_name=\"forward\",to=\"{upstream.Key}\",rcode=\"{CodeText(index)}\"", times);

    private static string CodeText(int index) => index < QueryCounters.Codes.Length ? QueryCounters.Codes[index].Mnemonic() : "other";

    public void Dispose()
    {
        _text.Dispose();
        _meter.Dispose();
    }

    /// <summary>The few that ask, or are asked for, most: the number of labels stays bounded, whoever comes.</summary>
    private IEnumerable<Measurement<long>> Top(Func<QueryCounters, TopTalkers> choose, string label, Func<byte[], string> text) => Listeners()
        .SelectMany(counters => choose(counters).Top(TopCount))
        .GroupBy(talker => text(talker.Key), talker => talker.Count)
        .Select(same => (Text: same.Key, Count: same.Sum()))
        .OrderByDescending(talker => talker.Count)
        .Take(TopCount)
        .Select(talker => new Measurement<long>(talker.Count, new KeyValuePair<string, object?>(label, talker.Text)));

    private static IEnumerable<Measurement<double>> Age(DateTimeOffset? heard) =>
        heard is { } at ? [new Measurement<double>((TimeProvider.System.GetUtcNow() - at).TotalSeconds)] : [];

    private void Observe()
    {
        Counter("coredns_forward_max_concurrent_rejects_total", "Counter of queries refused because too many were under way.", forwarder => forwarder.Rejected);
        Counter("coredns_forward_healthcheck_broken_total", "Counter of queries for which no upstream was well.", forwarder => forwarder.AllDown);
        _meter.CreateObservableCounter("coredns_cache_hits_total", CacheHits, description: "Counter of answers from the cache of forwarded names.");
        Counter("coredns_cache_requests_total", "Counter of lookups in the cache of forwarded names.", Lookups);
        Counter("coredns_cache_misses_total", "Counter of forwarded names not in the cache.", forwarder => forwarder.Cache?.Total(CacheCount.Misses) ?? 0);
        Counter("coredns_cache_prefetch_total", "Counter of names asked for again before they expired.", forwarder => forwarder.Cache?.Total(CacheCount.Prefetches) ?? 0);
        Counter("coredns_cache_served_stale_total", "Counter of answers that had expired.", forwarder => forwarder.Cache?.Total(CacheCount.Stale) ?? 0);
        Counter("coredns_cache_evictions_total", "Counter of answers that made room.", forwarder => forwarder.Cache?.Total(CacheCount.Evictions) ?? 0);
        _meter.CreateObservableGauge("coredns_cache_entries", CacheEntries, description: "Answers in the cache of forwarded names.");
        _meter.CreateObservableCounter(
            "coredns_proxy_conn_cache_hits_total", () => Connections(datagrams: false, upstream => upstream.Connections.Hits), description: "Counter of questions that went by a kept connection.");
        _meter.CreateObservableCounter(
            "coredns_proxy_conn_cache_misses_total", () => Connections(datagrams: true, upstream => upstream.Connections.Misses), description: "Counter of questions that needed a new connection or socket.");
        _meter.CreateObservableCounter("coredns_proxy_healthcheck_failures_total", CheckFailures, description: "Counter of upstreams' health checks that failed.");
    }

    private void Counter(string name, string description, Func<Forwarder, long> count) =>
        _meter.CreateObservableCounter(name, () => _forwarders().Sum(count), description: description);

    private static long Lookups(Forwarder forwarder) => forwarder.Cache is { } cache
        ? cache.Total(CacheCount.Hits) + cache.Total(CacheCount.DenialHits) + cache.Total(CacheCount.Misses) + cache.Total(CacheCount.Stale)
        : 0;

    private IEnumerable<Measurement<long>> CacheHits() =>
    [
        new(_forwarders().Sum(forwarder => forwarder.Cache?.Total(CacheCount.Hits) ?? 0), new KeyValuePair<string, object?>("type", "success")),
        new(_forwarders().Sum(forwarder => forwarder.Cache?.Total(CacheCount.DenialHits) ?? 0), new KeyValuePair<string, object?>("type", "denial")),
    ];

    private IEnumerable<Measurement<long>> CacheEntries()
    {
        var counts = _forwarders().Select(forwarder => forwarder.Cache?.Counts() ?? default).ToList();
        return
        [
            new(counts.Sum(count => (long)count.Answers), new KeyValuePair<string, object?>("type", "success")),
            new(counts.Sum(count => (long)count.Denials), new KeyValuePair<string, object?>("type", "denial")),
        ];
    }

    /// <summary>By protocol, those that were used.</summary>
    private IEnumerable<Measurement<long>> Connections(bool datagrams, Func<Upstream, long> streams) =>
        from series in _forwarders().SelectMany(forwarder => forwarder.Upstreams)
            .SelectMany(upstream => (IEnumerable<(string To, string Protocol, long Count)>)
            [
                (upstream.Plan.Address.ToString(), upstream.StreamProtocol, streams(upstream)),
                (upstream.Plan.Address.ToString(), "udp", datagrams ? upstream.Connections.Datagrams : 0),
            ])
            .GroupBy(series => (series.To, series.Protocol), series => series.Count)
        where series.Sum() > 0
        select new Measurement<long>(series.Sum(), [new("proxy_name", "forward"), new("to", series.Key.To), new("proto", series.Key.Protocol)]);

    private IEnumerable<Measurement<long>> CheckFailures() => _forwarders().SelectMany(forwarder => forwarder.Upstreams)
        .GroupBy(upstream => upstream.Plan.Address)
        .Select(group => new Measurement<long>(
            group.Sum(upstream => upstream.CheckFailures), new KeyValuePair<string, object?>("proxy_name", "forward"), new KeyValuePair<string, object?>("to", group.Key.ToString())));

    private QueryCounters[] Listeners()
    {
        lock (_counters)
        {
            return [.. _counters];
        }
    }

    private IEnumerable<Measurement<long>> Requests() =>
        from listener in Listeners().GroupBy(counters => (counters.Server, counters.Protocol))
        from family in Enumerable.Range(0, 2)
        from index in Enumerable.Range(0, QueryCounters.Types.Length + 1)
        let count = listener.Sum(counters => counters.ByType[(family * (QueryCounters.Types.Length + 1)) + index])
        where count > 0
        let type = index < QueryCounters.Types.Length ? QueryCounters.Types[index].ToString() : "other"
        select new Measurement<long>(count, [.. Labels(listener.First()), new("family", family == 0 ? "1" : "2"), new("proto", listener.Key.Protocol), new("type", type)]);

    private IEnumerable<Measurement<long>> Responses() =>
        from listener in Listeners().GroupBy(counters => counters.Server)
        from index in Enumerable.Range(0, QueryCounters.Codes.Length + 1)
        let count = listener.Sum(counters => counters.ByCode[index])
        where count > 0
        select new Measurement<long>(count, [.. Labels(listener.First()), new("plugin", ""), new("rcode", CodeText(index))]);

    private KeyValuePair<string, object?>[] Labels(QueryCounters counters) =>
        [new("server", counters.Server), new("zone", _zone), new("view", "")];

    /// <summary>The histograms come counted already, which a meter's instruments cannot take in.</summary>
    private void Append(StringBuilder text, string name, string about, Func<QueryCounters, QueryCounters.Distribution> choose, double[] bounds)
    {
        var listeners = Listeners().GroupBy(counters => $"server=\"{counters.Server}\",zone=\"{_zone}\",view=\"\",proto=\"{counters.Protocol}\"");
        Append(text, name, about, listeners.Select(group => (group.Key, group.Select(choose).ToArray())), bounds);
    }

    private static void Append(
        StringBuilder text, string name, string about, IEnumerable<(string Labels, QueryCounters.Distribution[] Distributions)> series, double[] bounds)
    {
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {about}\n# TYPE {name} histogram\n");
        foreach (var (labels, distributions) in series)
        {
            var total = 0L;
            for (var i = 0; i <= bounds.Length; i++)
            {
                total += distributions.Sum(distribution => distribution.Buckets[i]);
                var bound = i < bounds.Length ? bounds[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
                text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{labels},le=\"{bound}\"}} {total}\n");
            }

            text.Append(CultureInfo.InvariantCulture, $"{name}_sum{{{labels}}} {distributions.Sum(distribution => distribution.Sum)}\n");
            text.Append(CultureInfo.InvariantCulture, $"{name}_count{{{labels}}} {total}\n");
        }
    }
}
