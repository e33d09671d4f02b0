using System.Collections.Concurrent;
using Dataplane.ControlPlane.Machinery.Http;
using Dataplane.ControlPlane.Resources;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Metrics;

/// <summary>Counts and times requests and watch events.</summary>
internal sealed class RequestMetrics(TimeProvider time)
{
    private readonly ConcurrentDictionary<RequestLabels, RequestSeries> _series = new();
    private readonly ConcurrentDictionary<(string Group, string Version, string Resource), Counter> _watchEvents = new();
    private int _mutating;
    private int _reading;

    public IEnumerable<KeyValuePair<RequestLabels, RequestSeries>> Series => _series;

    public IEnumerable<KeyValuePair<(string Group, string Version, string Resource), Counter>> WatchEvents => _watchEvents;

    public int Mutating => Volatile.Read(ref _mutating);

    public int Reading => Volatile.Read(ref _reading);

    /// <summary>The counter of a resource's watch events: one look-up for each watch, none for each event.</summary>
    public Counter EventsOf(ResourceNames names) => _watchEvents.GetOrAdd((names.Group, names.Version, names.Plural), static _ => new Counter());

    /// <summary>Measures until it is disposed.</summary>
    public Measurement Begin(HttpContext http) => new(this, http, time.GetTimestamp());

    /// <summary>One request being measured.</summary>
    internal sealed class Measurement(RequestMetrics metrics, HttpContext http, long started) : IDisposable
    {
        private RequestLabels _labels;
        private RequestSeries? _found;

        /// <summary>Whether it writes; null for what lasts, and before it is known.</summary>
        public bool? IsMutating => _found is null || _labels.IsLongRunning ? null : _labels.IsMutating;

        /// <summary>The request is for a resource.</summary>
        public void Found(ApiRequest request)
        {
            _labels = RequestLabels.Of(request);
            _found = metrics.SeriesOf(_labels);
            if (_labels.IsLongRunning)
            {
                _found.Begin();
            }
            else
            {
                Interlocked.Increment(ref _labels.IsMutating ? ref metrics._mutating : ref metrics._reading);
            }
        }

        public void Dispose()
        {
            var series = _found;
            if (series is null)
            {
                _labels = RequestLabels.OfPath(http);
                series = metrics.SeriesOf(_labels);
            }
            else if (_labels.IsLongRunning)
            {
                series.End();
            }
            else
            {
                Interlocked.Decrement(ref _labels.IsMutating ? ref metrics._mutating : ref metrics._reading);
            }

            series.Count(http.Response.StatusCode);
            if (!_labels.IsLongRunning)
            {
                series.Observe(metrics.Elapsed(started));
            }
        }
    }

    private RequestSeries SeriesOf(RequestLabels labels) => _series.GetOrAdd(labels, static _ => new RequestSeries());

    private TimeSpan Elapsed(long started) => time.GetElapsedTime(started);
}
