using System.Diagnostics.Metrics;
using System.Globalization;
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
    private readonly Meter _meter = new("Dataplane.Dns");
    private readonly MetricsText _text;
    private readonly List<QueryCounters> _counters = [];
    private readonly string _zone;

    /// <param name="zone">The label of names in the cluster's zone.</param>
    /// <param name="forwarder">Null when other zones are refused.</param>
    internal DnsMetrics(string zone, Forwarder? forwarder)
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
        if (forwarder is not null)
        {
            Observe(forwarder);
        }
    }

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
        return text.ToString();
    }

    public void Dispose()
    {
        _text.Dispose();
        _meter.Dispose();
    }

    private void Observe(Forwarder forwarder)
    {
        _meter.CreateObservableCounter(
            "coredns_forward_max_concurrent_rejects_total", () => forwarder.Rejected, description: "Counter of queries refused because too many were under way.");
        _meter.CreateObservableCounter("coredns_cache_hits_total", () => forwarder.Cache.Hits, description: "Counter of answers from the cache of forwarded names.");
        _meter.CreateObservableCounter("coredns_cache_misses_total", () => forwarder.Cache.Misses, description: "Counter of forwarded names not in the cache.");
        _meter.CreateObservableGauge("coredns_cache_entries", () => (long)forwarder.Cache.Count, description: "Answers in the cache of forwarded names.");
    }

    private QueryCounters[] Listeners()
    {
        lock (_counters)
        {
            return [.. _counters];
        }
    }

    private IEnumerable<Measurement<long>> Requests() =>
        from listener in Listeners().GroupBy(counters => (counters.Server, counters.Protocol, counters.Family))
        from index in Enumerable.Range(0, QueryCounters.Types.Length + 1)
        let count = listener.Sum(counters => counters.ByType[index])
        where count > 0
        let type = index < QueryCounters.Types.Length ? QueryCounters.Types[index].ToString() : "other"
        select new Measurement<long>(count, [.. Labels(listener.First()), new("family", listener.Key.Family), new("proto", listener.Key.Protocol), new("type", type)]);

    private IEnumerable<Measurement<long>> Responses() =>
        from listener in Listeners().GroupBy(counters => counters.Server)
        from index in Enumerable.Range(0, QueryCounters.Codes.Length + 1)
        let count = listener.Sum(counters => counters.ByCode[index])
        where count > 0
        let code = index < QueryCounters.Codes.Length ? QueryCounters.Codes[index].Mnemonic() : "other"
        select new Measurement<long>(count, [.. Labels(listener.First()), new("plugin", ""), new("rcode", code)]);

    private KeyValuePair<string, object?>[] Labels(QueryCounters counters) =>
        [new("server", counters.Server), new("zone", _zone), new("view", "")];

    /// <summary>The histograms come counted already, which a meter's instruments cannot take in.</summary>
    private void Append(StringBuilder text, string name, string about, Func<QueryCounters, QueryCounters.Distribution> choose, double[] bounds)
    {
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {about}\n# TYPE {name} histogram\n");
        foreach (var listener in Listeners().GroupBy(counters => (counters.Server, counters.Protocol)))
        {
            var labels = $"server=\"{listener.Key.Server}\",zone=\"{_zone}\",view=\"\",proto=\"{listener.Key.Protocol}\"";
            var total = 0L;
            for (var i = 0; i <= bounds.Length; i++)
            {
                total += listener.Sum(counters => choose(counters).Buckets[i]);
                var bound = i < bounds.Length ? bounds[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
                text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{labels},le=\"{bound}\"}} {total}\n");
            }

            text.Append(CultureInfo.InvariantCulture, $"{name}_sum{{{labels}}} {listener.Sum(counters => choose(counters).Sum)}\n");
            text.Append(CultureInfo.InvariantCulture, $"{name}_count{{{labels}}} {total}\n");
        }
    }
}
