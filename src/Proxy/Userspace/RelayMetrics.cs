using System.Diagnostics.Metrics;
using System.Globalization;
using Dataplane.Proxy.ServiceModel;
using Dataplane.Proxy.Userspace.Relay;

namespace Dataplane.Proxy.Userspace;

/// <summary>What only a relay knows: how dialling went, who was left out, how much payload went which way. Read when somebody asks.</summary>
internal sealed class RelayMetrics
{
    private readonly RelayBalances _balances;
    private readonly Meter _meter;

    /// <param name="meter">Whose instruments these become.</param>
    /// <param name="balances">What is known of endpoints.</param>
    /// <param name="totals">What all loops did; null while they do not run.</param>
    internal RelayMetrics(Meter meter, RelayBalances balances, Func<RelayCounters?> totals)
    {
        (_balances, _meter) = (balances, meter);
        Endpoint("dial_failures", "Attempts at an endpoint that failed or took too long.", counters => counters.DialFailures);
        Endpoint("retries", "Connections an endpoint was given after another had failed.", counters => counters.Retries);
        Endpoint("ejections", "Times an endpoint was left out for failing again and again.", counters => counters.Ejections);
        Endpoint("sent_bytes", "Payload from clients to an endpoint.", counters => counters.BytesToEndpoint);
        Endpoint("received_bytes", "Payload from an endpoint to clients.", counters => counters.BytesToClient);
        meter.CreateObservableGauge(
            "dataplane_proxy_relay_endpoint_open_connections", () => Each(counters => counters.Active), description: "Open TCP connections to an endpoint.");
        meter.CreateObservableCounter(
            "dataplane_proxy_relay_dial_duration_seconds_bucket", Buckets, description: "TCP connections by how long their endpoint took to answer.");
        meter.CreateObservableCounter(
            "dataplane_proxy_relay_dial_duration_seconds_sum", () => All().Sum(counters => counters.DialMicroseconds) / 1e6, description: "Seconds of all dials.");
        Total("accepted", "Connections taken from clients.", counters => counters.Accepted);
        Total("refused", "Connections no endpoint took.", counters => counters.Refused);
        Total("shed", "Connections reset for want of descriptors, or beyond the limit.", counters => counters.Shed);
        Total("faults", "Events whose handling failed in a way nobody foresaw.", counters => counters.Faults);

        void Total(string name, string description, Func<RelayCounters, long> value) => meter.CreateObservableCounter(
            $"dataplane_proxy_relay_{name}_total", () => totals() is { } counters ? [new Measurement<long>(value(counters))] : Array.Empty<Measurement<long>>(),
            description: description);
    }

    private void Endpoint(string name, string description, Func<EndpointCounters, long> value) => _meter.CreateObservableCounter(
        $"dataplane_proxy_relay_endpoint_{name}_total", () => Each(value), description: description);

    private IEnumerable<Measurement<long>> Each(Func<EndpointCounters, long> value) => _balances.Endpoints().Select(endpoint => new Measurement<long>(
        value(endpoint.Counters), [.. Labels(endpoint.Port), new("endpoint", endpoint.Endpoint.ToString())]));

    private IEnumerable<EndpointCounters> All() => _balances.Endpoints().Select(endpoint => endpoint.Counters);

    private IEnumerable<Measurement<long>> Buckets()
    {
        var all = All().ToList();
        long below = 0;
        for (var bucket = 0; bucket <= EndpointCounters.DialBounds.Length; bucket++)
        {
            below += all.Sum(counters => counters.DialBuckets[bucket]);
            var bound = bucket < EndpointCounters.DialBounds.Length
                ? (EndpointCounters.DialBounds[bucket] / 1e6).ToString(CultureInfo.InvariantCulture)
                : "+Inf";
            yield return new Measurement<long>(below, new KeyValuePair<string, object?>("le", bound));
        }
    }

    private static KeyValuePair<string, object?>[] Labels(ServicePortName port) =>
    [
        new("namespace", port.Service.Namespace), new("service", port.Service.Name), new("port", port.Port),
        new("protocol", port.Protocol.ToString().ToUpper(CultureInfo.InvariantCulture)),
    ];
}
