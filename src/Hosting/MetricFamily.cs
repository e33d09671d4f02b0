using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Dataplane.Hosting;

/// <summary>One metric name: its type, help and one series per set of labels.</summary>
internal sealed class MetricFamily
{
    /// <summary>Prometheus' own default buckets, for a histogram that names none.</summary>
    private static readonly double[] DefaultBuckets = [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10];

    private readonly ConcurrentDictionary<string, Series> _series = new(StringComparer.Ordinal);
    private readonly string _type;
    private readonly string _help;
    private readonly bool _accumulates;
    private readonly double[]? _buckets;

    private MetricFamily(Instrument instrument, string type, bool accumulates, double[]? buckets)
    {
        Name = instrument.Name;
        _help = instrument.Description ?? "";
        _type = type;
        _accumulates = accumulates;
        _buckets = buckets;
    }

    internal string Name { get; }

    internal static MetricFamily Of(Instrument instrument) => instrument switch
    {
        Histogram<double> histogram => new(instrument, "histogram", true, Buckets(histogram.Advice?.HistogramBucketBoundaries)),
        Histogram<long> histogram => new(
            instrument, "histogram", true, Buckets(histogram.Advice?.HistogramBucketBoundaries?.Select(bound => (double)bound))),
        Counter<long> or Counter<int> or Counter<double> => new(instrument, "counter", true, null),
        ObservableCounter<long> or ObservableCounter<int> or ObservableCounter<double> => new(instrument, "counter", false, null),
        UpDownCounter<long> or UpDownCounter<int> or UpDownCounter<double> => new(instrument, "gauge", true, null),
        _ => new(instrument, "gauge", false, null),
    };

    internal void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var series = _series.GetOrAdd(MetricLabels.Format(tags), static (_, buckets) => new Series(buckets), _buckets);
        lock (series)
        {
            series.Add(value, _accumulates);
        }
    }

    internal void ForgetObserved()
    {
        if (!_accumulates)
        {
            _series.Clear();
        }
    }

    internal void Write(StringBuilder text)
    {
        if (_series.IsEmpty)
        {
            return;
        }

        text.Append("# HELP ").Append(Name).Append(' ').Append(_help.Replace("\\", "\\\\").Replace("\n", "\\n")).Append('\n');
        text.Append("# TYPE ").Append(Name).Append(' ').Append(_type).Append('\n');
        foreach (var (labels, series) in _series.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            lock (series)
            {
                WriteSeries(text, labels, series);
            }
        }
    }

    private void WriteSeries(StringBuilder text, string labels, Series series)
    {
        if (_buckets is null)
        {
            WriteSample(text, "", labels, series.Sum);
            return;
        }

        long cumulative = 0;
        for (var i = 0; i < _buckets.Length; i++)
        {
            cumulative += series.Counts![i];
            WriteSample(text, "_bucket", MetricLabels.With(labels, "le", Number(_buckets[i])), cumulative);
        }

        WriteSample(text, "_bucket", MetricLabels.With(labels, "le", "+Inf"), series.Count);
        WriteSample(text, "_sum", labels, series.Sum);
        WriteSample(text, "_count", labels, series.Count);
    }

    private void WriteSample(StringBuilder text, string suffix, string labels, double value)
    {
        text.Append(Name).Append(suffix);
        if (labels.Length > 0)
        {
            text.Append('{').Append(labels).Append('}');
        }

        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static double[] Buckets(IEnumerable<double>? advice) => advice is null ? DefaultBuckets : [.. advice];

    private sealed class Series(double[]? buckets)
    {
        internal double Sum { get; private set; }

        internal long Count { get; private set; }

        internal long[]? Counts { get; } = buckets is null ? null : new long[buckets.Length];

        internal void Add(double value, bool accumulates)
        {
            Sum = accumulates ? Sum + value : value;
            Count++;
            if (buckets is null)
            {
                return;
            }

            var bucket = Array.FindIndex(buckets, bound => value <= bound);
            if (bucket >= 0)
            {
                Counts![bucket]++;
            }
        }
    }
}
