using System.Diagnostics.Metrics;
using Dataplane.Hosting;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>Counts and times requests under the names dashboards of Kubernetes know.</summary>
internal sealed class RequestMetrics : IDisposable
{
    private static readonly double[] Bounds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

    private readonly Meter _meter = new("apiserver");
    private readonly Counter<long> _requests;
    private readonly Histogram<double> _durations;
    private readonly MetricsText _text;
    private readonly TimeProvider _time;

    public RequestMetrics(TimeProvider time)
    {
        _time = time;
        _text = new MetricsText(_meter);
        _requests = _meter.CreateCounter<long>("apiserver_request_total", description: "Requests by verb, resource and answer.");
        _durations = _meter.CreateHistogram(
            "apiserver_request_duration_seconds",
            description: "Time to answer requests other than watches and upgraded connections.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Bounds });
    }

    public string Render() => _text.Render();

    public IDisposable Begin(HttpContext http) => new Measurement(this, http, _time.GetTimestamp());

    public void Dispose()
    {
        _text.Dispose();
        _meter.Dispose();
    }

    private void End(HttpContext http, long started)
    {
        var verb = Verb(http.Request);
        var resource = Resource(http.Request.Path.Value ?? "");
        _requests.Add(1, new("verb", verb), new("resource", resource), new("code", http.Response.StatusCode));
        if (verb is not ("WATCH" or "CONNECT"))
        {
            _durations.Record(_time.GetElapsedTime(started).TotalSeconds, new("verb", verb), new("resource", resource));
        }
    }

    private static string Verb(HttpRequest request) =>
        request.Path.Value?.EndsWith("/exec", StringComparison.Ordinal) is true ? "CONNECT"
        : request.Method == "GET" && request.Query["watch"].ToString() is "true" or "1" ? "WATCH" : request.Method;

    // The label must have few values: words of the path that a client can choose freely are left out.
    private static string Resource(string path)
    {
        var segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var start = segments switch
        {
            ["api", ..] => 2,
            ["apis", ..] => 3,
            _ => segments.Length,
        };
        return segments.AsSpan(Math.Min(start, segments.Length)) switch
        {
            ["namespaces", _, var resource, ..] when Known(resource) => resource,
            [var resource, ..] when Known(resource) => resource,
            _ => "",
        };
    }

    private static bool Known(string word) => word.Length < 40 && word.All(char.IsAsciiLetterLower);

    private sealed class Measurement(RequestMetrics metrics, HttpContext http, long started) : IDisposable
    {
        public void Dispose() => metrics.End(http, started);
    }
}
