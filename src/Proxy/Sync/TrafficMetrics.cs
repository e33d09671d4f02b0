using System.Diagnostics.Metrics;
using System.Globalization;
using Dataplane.Netlink;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Sync;

/// <summary>
/// Connections, packets and bytes of every service port and every endpoint that was used, and what a second has of them where the kernel says it. Read when
/// somebody asks, once for all that is asked at a time.
/// </summary>
internal sealed class TrafficMetrics
{
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(1);

    private readonly SyncState _state;
    private readonly IProxyMode _mode;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private List<(ServicePortName Port, TrafficCount Count)> _read = [];
    private long? _readAt;

    internal TrafficMetrics(SyncState state, IProxyMode mode, TimeProvider time)
    {
        (_state, _mode, _time) = (state, mode, time);
        Add("connections", "Connections", count => count.Connections);
        Add("packets", "Packets of both directions", count => count.Packets);
        Add("bytes", "Bytes of both directions", count => count.Bytes);
        AddRate("connections", "Connections a second", rate => rate.Connections);
        AddRate("packets", "Packets of both directions a second", rate => rate.Packets);
        AddRate("bytes", "Bytes of both directions a second", rate => rate.Bytes);
    }

    private void Add(string unit, string what, Func<TrafficCount, long?> value)
    {
        var meter = _state.Metrics.Meter;
        meter.CreateObservableCounter($"dataplane_proxy_service_{unit}_total", () => Services(value), description: $"{what} through a service port.");
        meter.CreateObservableCounter($"dataplane_proxy_endpoint_{unit}_total", () => Endpoints(value), description: $"{what} to an endpoint of a service port.");
    }

    // Of mode ipvs alone: the kernel estimates there, as ipvsadm -L --rate shows it.
    private void AddRate(string unit, string what, Func<TrafficRate, long> value)
    {
        var meter = _state.Metrics.Meter;
        long? ValueOf(TrafficCount count) => count.Rate is { } rate ? value(rate) : null;
        meter.CreateObservableGauge($"dataplane_proxy_service_{unit}_per_second", () => Services(ValueOf), description: $"{what} through a service port, estimated by the kernel.");
        meter.CreateObservableGauge($"dataplane_proxy_endpoint_{unit}_per_second", () => Endpoints(ValueOf), description: $"{what} to an endpoint of a service port, estimated by the kernel.");
    }

    private IEnumerable<Measurement<long>> Services(Func<TrafficCount, long?> value) => Counted(value).GroupBy(entry => entry.Port)
        .Select(port => new Measurement<long>(port.Sum(entry => value(entry.Count)!.Value), Labels(port.Key)));

    private IEnumerable<Measurement<long>> Endpoints(Func<TrafficCount, long?> value) => Counted(value).GroupBy(entry => (entry.Port, entry.Count.Endpoint))
        .Select(endpoint => new Measurement<long>(
            endpoint.Sum(entry => value(entry.Count)!.Value), [.. Labels(endpoint.Key.Port), new("endpoint", endpoint.Key.Endpoint.ToString())]));

    // What a mode does not count is absent: a zero would say that nothing came.
    private IEnumerable<(ServicePortName Port, TrafficCount Count)> Counted(Func<TrafficCount, long?> value) => Read().Where(entry => value(entry.Count) is not null);

    private static KeyValuePair<string, object?>[] Labels(ServicePortName port) =>
    [
        new("namespace", port.Service.Namespace), new("service", port.Service.Name), new("port", port.Port),
        new("protocol", port.Protocol.ToString().ToUpper(CultureInfo.InvariantCulture)),
    ];

    private List<(ServicePortName Port, TrafficCount Count)> Read()
    {
        lock (_gate)
        {
            if (_readAt is not { } at || _time.GetElapsedTime(at) > Kept)
            {
                _read = Match();
                _readAt = _time.GetTimestamp();
            }

            return _read;
        }
    }

    private List<(ServicePortName Port, TrafficCount Count)> Match()
    {
        if (_state.Snapshot.Programmed?.Plan is not { } plan)
        {
            return [];
        }

        try
        {
            // Counts of translations that are not this proxy's match no front end.
            return [.. _mode.Traffic().Select(count => (Port: PortOf(plan, count), Count: count)).Where(entry => entry.Port is not null)
                .Select(entry => (entry.Port!.Value, entry.Count))];
        }
        catch (NetlinkException)
        {
            // Without these figures the others are still worth having.
            return [];
        }
    }

    private static ServicePortName? PortOf(ForwardingPlan plan, TrafficCount count)
    {
        var port = (ushort)count.FrontEnd.Port;
        return plan.PortAt(FrontEnd.At(count.FrontEnd.Address, count.Protocol, port))
            ?? plan.PortAt(FrontEnd.AtNode(count.FrontEnd.AddressFamily, count.Protocol, new NodePort(port)));
    }
}
