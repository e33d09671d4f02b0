using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dataplane.Api;
using Dataplane.Hosting;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.Sync;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Proxy.Tests.Health;

public sealed class ProxyPortsTests : IAsyncDisposable
{
    private readonly SyncState _state = new(TimeProvider.System, "nftables");
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(60) };
    private readonly MetricsText _metrics;
    private readonly int[] _ports = [FreePorts.Take(), FreePorts.Take(), FreePorts.Take()];
    private readonly ProxyPorts _proxy;
    private readonly Cluster _cluster = new();

    public ProxyPortsTests()
    {
        _metrics = new MetricsText(_state.Metrics.Meter);
        _proxy = new ProxyPorts(
            new ProxyOptions
            {
                NodeName = "here",
                HealthzBindAddress = new IPEndPoint(IPAddress.Loopback, _ports[0]),
                MetricsBindAddress = new IPEndPoint(IPAddress.Loopback, _ports[1]),
                BindAddressHardFail = true,
            },
            _state,
            _metrics,
            NullLoggerFactory.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        _metrics.Dispose();
        _state.Dispose();
        _client.Dispose();
    }

    [Fact]
    public async Task LoadBalancersAreToldOfLocalEndpoints()
    {
        await _proxy.OpenAsync(CancellationToken.None);
        Program(_cluster.Service("web", "10.96.0.1", 80, s => Local(s, _ports[2])).Slice("s", "web", "8080", ["10.244.1.5 here", "10.244.1.6 here", "10.244.2.5"]));
        var (status, body, weight) = await UntilAsync(HttpStatusCode.OK);
        Assert.Equal("{\"service\":{\"namespace\":\"ns\",\"name\":\"web\"},\"localEndpoints\":2,\"serviceProxyHealthy\":true}", body);
        Assert.Equal((HttpStatusCode.OK, "2"), (status, weight));

        Program(_cluster.Slice("s", "web", "8080", ["10.244.1.5 here terminating serving", "10.244.2.5"]));
        (_, body, weight) = await UntilAsync(HttpStatusCode.ServiceUnavailable);
        Assert.Contains("\"localEndpoints\":0", body, StringComparison.Ordinal);
        Assert.Equal("0", weight);

        Program(_cluster.Service("web", "10.96.0.1", 80));
        await UntilAsync(null);
        Program(_cluster.Service("other", "10.96.0.2", 80, s => Local(s, _ports[2])).Slice("other", "8080", "10.244.1.5 here"));
        Assert.Contains("\"name\":\"other\"", (await UntilAsync(HttpStatusCode.OK)).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HealthFollowsTheSyncsAndTheNode()
    {
        await _proxy.OpenAsync(CancellationToken.None);
        var (status, body) = await GetAsync(_ports[0], "/healthz");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.False(JsonDocument.Parse(body).RootElement.TryGetProperty("status", out _));
        Program(_cluster);
        (status, body) = await GetAsync(_ports[0], "/healthz");
        Assert.Equal(HttpStatusCode.OK, status);
        var health = JsonDocument.Parse(body).RootElement;
        Assert.True(health.GetProperty("nodeEligible").GetBoolean());
        Assert.True(health.GetProperty("healthy").GetBoolean());
        Assert.True(health.GetProperty("status").GetProperty("IPv4").GetProperty("healthy").GetBoolean());
        Assert.InRange(health.GetProperty("status").GetProperty("IPv4").GetProperty("lastUpdated").GetDateTimeOffset(), DateTimeOffset.UnixEpoch, health.GetProperty("currentTime").GetDateTimeOffset());

        _state.Failed("add table ip dataplane: Cannot allocate memory (errno 12)", full: false);
        Assert.Contains("Cannot allocate memory", (await GetAsync(_ports[0], "/healthz")).Body, StringComparison.Ordinal);
        _state.Queued((0, 0), null, nodeEligible: false);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await GetAsync(_ports[0], "/healthz")).Status);
        (status, body) = await GetAsync(_ports[0], "/livez");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.DoesNotContain("nodeEligible", body, StringComparison.Ordinal);
        var metrics = (await GetAsync(_ports[1], "/metrics")).Body;
        Assert.Contains("kubeproxy_proxy_healthz_total{code=\"200\"} 3\n", metrics, StringComparison.Ordinal);
        Assert.Contains("kubeproxy_proxy_healthz_total{code=\"503\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("kubeproxy_proxy_livez_total{code=\"200\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("kubeproxy_sync_proxy_rules_nftables_sync_failures_total{ip_family=\"IPv4\"} 1\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MonitoringFindsWhatItFindsInKubeProxy()
    {
        await _proxy.OpenAsync(CancellationToken.None);
        Program(_cluster);
        Assert.Equal("nftables", (await GetAsync(_ports[1], "/proxyMode")).Body);
        Assert.Equal("ok", (await GetAsync(_ports[1], "/healthz")).Body);
        var configuration = await _client.GetFromJsonAsync<JsonElement>($"http://127.0.0.1:{_ports[1]}/configz");
        Assert.Equal("30s", configuration.GetProperty("kubeproxy.config.k8s.io").GetProperty("iptables").GetProperty("syncPeriod").GetString());
        var metrics = (await GetAsync(_ports[1], "/metrics")).Body;
        Assert.Contains("kubeproxy_sync_proxy_rules_duration_seconds_count{ip_family=\"IPv4\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("kubeproxy_sync_proxy_rules_last_timestamp_seconds{ip_family=\"IPv4\"} ", metrics, StringComparison.Ordinal);
        Assert.Contains("process_resident_memory_bytes ", metrics, StringComparison.Ordinal);
        Assert.Contains(NoLocal("internal", 0), metrics, StringComparison.Ordinal);
        Program(_cluster.Service("web", "10.96.0.1", [new() { Port = 80, NodePort = 30080 }], s =>
        {
            Local(s, _ports[2]);
            s.Spec.ExternalIPs = ["198.51.100.1"];
            s.Spec.InternalTrafficPolicy = "Local";
        }).Slice("s", "web", "8080", ["10.244.2.5"]));
        metrics = (await GetAsync(_ports[1], "/metrics")).Body;
        // Service ports, not front ends.
        Assert.Contains(NoLocal("internal", 1), metrics, StringComparison.Ordinal);
        Assert.Contains(NoLocal("external", 1), metrics, StringComparison.Ordinal);
        Program(_cluster.Slice("s", "web", "8080", ["10.244.2.5 here"]));
        metrics = (await GetAsync(_ports[1], "/metrics")).Body;
        Assert.Contains(NoLocal("internal", 0), metrics, StringComparison.Ordinal);
        Assert.Contains(NoLocal("external", 0), metrics, StringComparison.Ordinal);

        static string NoLocal(string policy, int count) =>
            $"kubeproxy_sync_proxy_rules_no_local_endpoints_total{{ip_family=\"IPv4\",traffic_policy=\"{policy}\"}} {count}\n";
    }

    private void Program(Cluster cluster)
    {
        _state.Programmed(cluster.Plan(), full: true, TimeProvider.System.GetTimestamp(), TimeProvider.System.GetTimestamp(), []);
        _state.UpToDate();
    }

    private static void Local(Service service, int port)
    {
        service.Spec.ExternalTrafficPolicy = "Local";
        service.Spec.HealthCheckNodePort = port;
    }

    // Ports open and close behind the plan. Null waits until nobody listens.
    private async Task<(HttpStatusCode? Status, string Body, string? Weight)> UntilAsync(HttpStatusCode? wanted)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            (HttpStatusCode?, string, string?) seen = (null, "", null);
            try
            {
                using var answer = await _client.GetAsync(new Uri($"http://127.0.0.1:{_ports[2]}/"), limit.Token);
                seen = (answer.StatusCode, await answer.Content.ReadAsStringAsync(limit.Token), answer.Headers.GetValues("X-Load-Balancing-Endpoint-Weight").Single());
            }
            catch (HttpRequestException)
            {
            }

            if (seen.Item1 == wanted)
            {
                return seen;
            }

            await Task.Delay(10, limit.Token);
        }
    }

    private async Task<(HttpStatusCode Status, string Body)> GetAsync(int port, string path)
    {
        using var answer = await _client.GetAsync(new Uri($"http://127.0.0.1:{port}{path}"));
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
