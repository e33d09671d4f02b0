using System.Diagnostics.Metrics;

namespace Dataplane.Hosting.Tests;

public sealed class MetricsTextTests
{
    [Fact]
    public void EveryInstrumentKindIsWrittenInExpositionForm()
    {
        using var meter = new Meter("test");
        using var metrics = new MetricsText(meter);
        var requests = meter.CreateCounter<long>("dp_requests_total", null, "Requests.");
        requests.Add(2, new KeyValuePair<string, object?>("path", "/a\"b"));
        requests.Add(3, new KeyValuePair<string, object?>("path", "/a\"b"));
        meter.CreateObservableGauge("dp_age_seconds", () => 1.5, null, "Age.");
        var advice = new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] };
        var duration = meter.CreateHistogram("dp_duration_seconds", null, "Duration.", null, advice);
        duration.Record(0.05);
        duration.Record(0.5);
        duration.Record(5);

        Assert.Equal(
            """
            # HELP dp_age_seconds Age.
            # TYPE dp_age_seconds gauge
            dp_age_seconds 1.5
            # HELP dp_duration_seconds Duration.
            # TYPE dp_duration_seconds histogram
            dp_duration_seconds_bucket{le="0.1"} 1
            dp_duration_seconds_bucket{le="1"} 2
            dp_duration_seconds_bucket{le="+Inf"} 3
            dp_duration_seconds_sum 5.55
            dp_duration_seconds_count 3
            # HELP dp_requests_total Requests.
            # TYPE dp_requests_total counter
            dp_requests_total{path="/a\"b"} 5

            """.Replace("/a\"b", "/a\\\"b"),
            metrics.Render());
    }

    [Fact]
    public void AMeterOfTheSameNameThatBelongsToAnotherInstanceIsNotShown()
    {
        using var mine = new Meter("proxy");
        using var other = new Meter("proxy");
        using var metrics = new MetricsText(mine);
        other.CreateCounter<long>("dp_total").Add(1);
        Assert.Empty(metrics.Render());
    }
}
