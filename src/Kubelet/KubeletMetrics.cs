using System.Diagnostics.Metrics;

namespace Dataplane.Kubelet;

/// <summary>The agent's instruments and, for the demo, the last pod network set-ups in milliseconds.</summary>
internal sealed class KubeletMetrics : IDisposable
{
    private const int Kept = 1024;

    private readonly Histogram<double> _networkSetUp;
    private readonly Histogram<double> _podStart;
    private readonly Lock _gate = new();
    private readonly Queue<double> _milliseconds = new();

    internal KubeletMetrics()
    {
        _networkSetUp = Meter.CreateHistogram(
            "kubelet_network_setup_duration_seconds", "s", "Time to give a pod its network: devices, address, routes.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5] });
        _podStart = Meter.CreateHistogram(
            "kubelet_pod_start_duration_seconds", "s", "From seeing a pod to all its containers having been started.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10] });
    }

    internal Meter Meter { get; } = new("Dataplane.Kubelet");

    internal IReadOnlyList<double> NetworkSetUpMilliseconds
    {
        get
        {
            lock (_gate)
            {
                return [.. _milliseconds];
            }
        }
    }

    internal void NetworkSetUp(TimeSpan elapsed)
    {
        _networkSetUp.Record(elapsed.TotalSeconds);
        lock (_gate)
        {
            _milliseconds.Enqueue(elapsed.TotalMilliseconds);
            if (_milliseconds.Count > Kept)
            {
                _milliseconds.Dequeue();
            }
        }
    }

    internal void PodStarted(TimeSpan elapsed) => _podStart.Record(elapsed.TotalSeconds);

    /// <inheritdoc/>
    public void Dispose() => Meter.Dispose();
}
