using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net.Sockets;
using Dataplane.Hosting;
using Dataplane.Proxy.Iptables;
using Dataplane.Proxy.Nftables;

namespace Dataplane.Proxy.Sync;

/// <summary>
/// kube-proxy's metrics by kube-proxy's names and labels: dashboards exist. kube-proxy syncs each family for itself; a sync here is of both and counts for each.
/// One meter a proxy, since several may run in one process. Source: kubernetes pkg/proxy/metrics/metrics.go (1.33 and later: label ip_family).
/// </summary>
internal sealed class ProxyMetrics : IDisposable
{
    // kube-proxy: 15 buckets from 1 ms, doubling; finer ones below, where this proxy's syncs are.
    private static readonly double[] SyncBuckets = [0.0001, 0.00025, 0.0005, .. Enumerable.Range(0, 15).Select(power => 0.001 * Math.Pow(2, power))];

    // kube-proxy: 0.25 s steps to 0.75 s, 1 s steps to 59 s, 5 s to 115 s, 30 s to 300 s; finer below.
    private static readonly double[] ProgrammingBuckets =
    [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, .. Enumerable.Range(1, 59), .. Enumerable.Range(12, 12).Select(step => step * 5), 120, 150, 180, 210, 240, 270, 300,
    ];

    private readonly Histogram<double> _sync;
    private readonly Histogram<double> _fullSync;
    private readonly Histogram<double> _partialSync;
    private readonly Histogram<double> _programming;
    private readonly Histogram<double> _conntrackDuration;
    private readonly Counter<long> _flowsDeleted;
    private readonly Counter<long> _serviceChanges;
    private readonly Counter<long> _endpointChanges;
    private readonly Counter<long> _answers;
    private readonly Counter<long> _aliveAnswers;
    private readonly Counter<long>? _failures;
    private readonly Counter<long>? _partialFailures;
    private readonly ConcurrentDictionary<(string Table, string Family), int> _rules = [];
    private volatile LoadProgress _loading = new(0, 0);

    /// <param name="state">What observers read.</param>
    /// <param name="mode">Whose figures there are; some metrics are one mode's.</param>
    internal ProxyMetrics(SyncState state, string mode)
    {
        _sync = Seconds("kubeproxy_sync_proxy_rules_duration_seconds", "Latency of one round of programming rules.", SyncBuckets);
        _fullSync = Seconds("kubeproxy_sync_full_proxy_rules_duration_seconds", "Latency of one round that wrote every rule.", SyncBuckets);
        _partialSync = Seconds("kubeproxy_sync_partial_proxy_rules_duration_seconds", "Latency of one round that wrote only what changed.", SyncBuckets);
        _programming = Seconds(
            "kubeproxy_network_programming_duration_seconds", "From a change of an endpoint, as its slice tells it, to the rules in the kernel.", ProgrammingBuckets);
        _serviceChanges = Meter.CreateCounter<long>("kubeproxy_sync_proxy_rules_service_changes_total", description: "Service changes taken in.");
        _endpointChanges = Meter.CreateCounter<long>("kubeproxy_sync_proxy_rules_endpoint_changes_total", description: "EndpointSlice changes taken in.");
        Gauge("kubeproxy_sync_proxy_rules_service_changes_pending", "Service changes waiting to be programmed.", () => state.Snapshot.Pending.Services);
        Gauge("kubeproxy_sync_proxy_rules_endpoint_changes_pending", "EndpointSlice changes waiting to be programmed.", () => state.Snapshot.Pending.Endpoints);
        GaugeByFamily("kubeproxy_sync_proxy_rules_last_timestamp_seconds", "When rules were last programmed.", () => UnixSeconds(state.Snapshot.LastProgrammed));
        GaugeByFamily("kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds", "When a sync was last asked for.", () => UnixSeconds(state.Snapshot.LastQueued));
        _conntrackDuration = Seconds("kubeproxy_conntrack_reconciler_sync_duration_seconds", "Latency of one look for stale UDP flows.", SyncBuckets);
        _flowsDeleted = Meter.CreateCounter<long>("kubeproxy_conntrack_reconciler_deleted_entries_total", description: "UDP flows deleted.");
        Gauge("dataplane_proxy_load_services", "Services of the plan whose way into the kernel is under way or was last.", () => _loading.All);
        Gauge("dataplane_proxy_load_services_done", "How many of them are in the kernel.", () => _loading.Done);
        Gauge("dataplane_proxy_sync_failures", "Transactions in a row that the kernel refused.", () => state.Snapshot.Failures);
        Meter.CreateObservableGauge(
            "kubeproxy_sync_proxy_rules_no_local_endpoints_total",
            () => IPFamilies.Here.SelectMany(family => new[] { "internal", "external" }.Select(policy =>
                new Measurement<long>(state.Snapshot.Stranded.GetValueOrDefault((family, policy)), new("ip_family", family), new("traffic_policy", policy)))),
            description: "Service ports with policy Local and no local endpoint.");
        _answers = Meter.CreateCounter<long>("kubeproxy_proxy_healthz_total", description: "Answers of /healthz, by status.");
        _aliveAnswers = Meter.CreateCounter<long>("kubeproxy_proxy_livez_total", description: "Answers of /livez, by status.");
        (_failures, _partialFailures) = mode switch
        {
            NftablesMode.ModeName => (Failures("kubeproxy_sync_proxy_rules_nftables_sync_failures_total", "Transactions that the kernel refused."), null),
            IptablesMode.ModeName => (Failures("kubeproxy_sync_proxy_rules_iptables_restore_failures_total", "Full writes that the kernel refused."),
                Failures("kubeproxy_sync_proxy_rules_iptables_partial_restore_failures_total", "Writes of what changed that the kernel refused.")),
            _ => (null, null),
        };
        foreach (var figure in ProcessFigures.All)
        {
            figure.AddTo(Meter);
        }

        Meter.CreateObservableGauge(
            "kubeproxy_sync_proxy_rules_iptables_total",
            () => _rules.Select(rules => new Measurement<long>(
                rules.Value, new KeyValuePair<string, object?>("table", rules.Key.Table), new KeyValuePair<string, object?>("ip_family", rules.Key.Family))),
            description: "iptables rules of this proxy, those in built-in chains apart.");
    }

    /// <inheritdoc cref="ProxyModeContext.RulesCounted"/>
    internal void RulesCounted(string table, string family, int rules) => _rules[(table, family)] = rules;

    internal Meter Meter { get; } = new("Dataplane.Proxy");

    public void Dispose() => Meter.Dispose();

    internal void Synced(TimeSpan duration, bool full)
    {
        foreach (var family in IPFamilies.Here)
        {
            _sync.Record(duration.TotalSeconds, Label(family));
            (full ? _fullSync : _partialSync).Record(duration.TotalSeconds, Label(family));
        }
    }

    internal void Failed(bool full)
    {
        foreach (var family in IPFamilies.Here)
        {
            (full ? _failures : _partialFailures ?? _failures)?.Add(1, Label(family));
        }
    }

    /// <summary>An answer of /healthz, or of /livez.</summary>
    internal void Answered(bool alive, int status) => (alive ? _aliveAnswers : _answers).Add(1, new KeyValuePair<string, object?>("code", status));

    internal void EndpointProgrammed(AddressFamily family, TimeSpan sinceTrigger) =>
        _programming.Record(Math.Max(0, sinceTrigger.TotalSeconds), Label(IPFamilies.NameOf(family)));

    internal void ChangesTaken(int services, int endpoints)
    {
        _serviceChanges.Add(services);
        _endpointChanges.Add(endpoints);
    }

    internal void Loading(int done, int all) => _loading = new LoadProgress(done, all);

    internal void FlowsDeleted(AddressFamily family, int count, TimeSpan duration)
    {
        _flowsDeleted.Add(count, Label(IPFamilies.NameOf(family)));
        _conntrackDuration.Record(duration.TotalSeconds, Label(IPFamilies.NameOf(family)));
    }

    private Histogram<double> Seconds(string name, string description, double[] buckets) => Meter.CreateHistogram(
        name, "s", description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = buckets });

    private void Gauge(string name, string description, Func<double> value) => Meter.CreateObservableGauge(name, value, description: description);

    private void GaugeByFamily(string name, string description, Func<double> value) => Meter.CreateObservableGauge(
        name, () => IPFamilies.Here.Select(family => new Measurement<double>(value(), Label(family))), description: description);

    private Counter<long> Failures(string name, string description) => Meter.CreateCounter<long>(name, description: description);

    private static KeyValuePair<string, object?> Label(string family) => new("ip_family", family);

    private sealed record LoadProgress(int Done, int All);

    private static double UnixSeconds(DateTimeOffset? moment) => moment?.ToUnixTimeMilliseconds() / 1000.0 ?? 0;
}
