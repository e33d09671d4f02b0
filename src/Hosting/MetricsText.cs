using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;

namespace Dataplane.Hosting;

/// <summary>
/// Prometheus text exposition (version 0.0.4) of some meters. Instruments carry their full Prometheus names
/// (<c>kubeproxy_sync_proxy_rules_duration_seconds</c>), tags become labels, a histogram's buckets are its
/// <see cref="InstrumentAdvice{T}"/>. Values are kept from construction on: construct before recording.
/// </summary>
/// <remarks>One component instance has one meter and one of these, since several run in one process.</remarks>
public sealed class MetricsText : IDisposable
{
    /// <summary>The Content-Type of <see cref="Render"/>.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<Instrument, MetricFamily> _families = new();
    private readonly Meter[] _meters;
    private readonly Lock _rendering = new();

    /// <param name="meters">The meter objects themselves: another meter of the same name is another component's.</param>
    public MetricsText(params Meter[] meters)
    {
        _meters = meters;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (Array.IndexOf(_meters, instrument.Meter) >= 0)
            {
                listener.EnableMeasurementEvents(instrument, _families.GetOrAdd(instrument, MetricFamily.Of));
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.Start();
    }

    /// <summary>Reads the observable instruments and writes all families, sorted by name.</summary>
    public string Render()
    {
        lock (_rendering)
        {
            // An observable instrument tells all its series each time: one it does not tell any more is gone.
            foreach (var family in _families.Values)
            {
                family.ForgetObserved();
            }

            _listener.RecordObservableInstruments();
            var text = new StringBuilder();
            foreach (var family in _families.Values.OrderBy(family => family.Name, StringComparer.Ordinal))
            {
                family.Write(text);
            }

            return text.ToString();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();
}
