using System.Net;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Dns.Client;
using Dataplane.Dns.Wire;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Dns.Tests.Server;

/// <summary>The whole component against an API server's lists and watches.</summary>
public sealed class ClusterDnsTests
{
    [Fact]
    public async Task ItFollowsTheClusterAndKeepsAnsweringWithoutIt()
    {
        var api = await FakeApi.StartAsync();
        api.Add(new Namespace { Metadata = new ObjectMeta { Name = "default", ResourceVersion = "1" } });
        api.Add(Service("web", "10.96.0.20"));
        await using var dns = await ClusterDns.StartAsync(Options(api.KubeConfig), NullLoggerFactory.Instance);
        var options = new DnsQueryOptions { Server = dns.LocalEndPoints[0], Timeout = TimeSpan.FromSeconds(20) };

        await UntilAsync(() => Task.FromResult(dns.Synced));
        Assert.Equal(["web.default.svc.cluster.local. 5 IN A 10.96.0.20"], (await DnsClient.QueryAsync("web.default.svc.cluster.local", RecordType.A, options)).Answers);
        Assert.Equal(ResponseCode.NXDomain, (await DnsClient.QueryAsync("late.default.svc.cluster.local", RecordType.A, options)).Code);

        api.Tell("ADDED", Service("late", "10.96.0.21") with { Metadata = new ObjectMeta { Namespace = "default", Name = "late", ResourceVersion = "2" } });
        await UntilAsync(async () => (await DnsClient.QueryAsync("late.default.svc.cluster.local", RecordType.A, options)).Answers.Count == 1);

        await api.DisposeAsync();
        Assert.Single((await DnsClient.QueryAsync("late.default.svc.cluster.local", RecordType.A, options)).Answers);
        Assert.Equal(ResponseCode.NXDomain, (await DnsClient.QueryAsync("nosuch.default.svc.cluster.local", RecordType.A, options)).Code);
    }

    [Fact]
    public async Task WithoutAnApiServerItFailsRatherThanDenies()
    {
        var nowhere = new KubeConfig { Server = new Uri("http://127.0.0.1:1/") };
        var http = FreePorts.TakeLoopback();
        await using var dns = await ClusterDns.StartAsync(
            Options(nowhere) with { HealthAddress = http, ReadyAddress = http, MetricsAddress = http }, NullLoggerFactory.Instance);
        var options = new DnsQueryOptions { Server = dns.LocalEndPoints[0], Timeout = TimeSpan.FromSeconds(20) };
        Assert.Equal(ResponseCode.ServFail, (await DnsClient.QueryAsync("web.default.svc.cluster.local", RecordType.A, options)).Code);
        Assert.Equal(ResponseCode.Refused, (await DnsClient.QueryAsync("example.com", RecordType.A, options)).Code);
        Assert.Single((await DnsClient.QueryAsync("cluster.local", RecordType.SOA, options with { Tcp = true })).Answers);

        using var client = new HttpClient { BaseAddress = new Uri($"http://{http}/") };
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("health")).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync("ready")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("other")).StatusCode);
        var server = $"server=\"dns://{dns.LocalEndPoints[0]}\"";
        var metrics = (await client.GetStringAsync("metrics")).Split('\n').Where(line => line.Contains(server, StringComparison.Ordinal)).ToList();
        Assert.Equal(2, Value(metrics, "coredns_dns_requests_total{", "type=\"A\""));
        Assert.Equal(1, Value(metrics, "coredns_dns_responses_total{", "rcode=\"SERVFAIL\""));
        Assert.Equal(1, Value(metrics, "coredns_dns_request_duration_seconds_count{", "proto=\"tcp\""));
        Assert.Equal(2, Value(metrics, "coredns_dns_response_size_bytes_bucket{", "proto=\"udp\"", "le=\"+Inf\""));
    }

    /// <summary>The SLI of Kubernetes' DNS: how old a change of a headless service's endpoints is when it can be asked for.</summary>
    [Fact]
    public async Task TheTimeFromAChangeToItsNameIsMeasured()
    {
        await using var api = await FakeApi.StartAsync();
        api.Add(new Namespace { Metadata = new ObjectMeta { Name = "default", ResourceVersion = "1" } });
        api.Add(Service("web", "10.96.0.20"));
        api.Add(Service("db", "None"));
        api.Add(Slice("db", "db-old", "10.244.0.1", TimeProvider.System.GetUtcNow().AddHours(-1), "1"));
        var http = FreePorts.TakeLoopback();
        await using var dns = await ClusterDns.StartAsync(Options(api.KubeConfig) with { MetricsAddress = http }, NullLoggerFactory.Instance);
        var options = new DnsQueryOptions { Server = dns.LocalEndPoints[0], Timeout = TimeSpan.FromSeconds(20) };
        await UntilAsync(() => Task.FromResult(dns.Synced));

        api.Tell("ADDED", Slice("web", "web-a", "10.244.0.2", TimeProvider.System.GetUtcNow(), "2"));
        api.Tell("ADDED", Slice("db", "db-none", "10.244.0.3", null, "3"));
        api.Tell("ADDED", Slice("db", "db-a", "10.244.0.4", TimeProvider.System.GetUtcNow().AddSeconds(-1.5), "4"));
        await UntilAsync(async () => (await DnsClient.QueryAsync("db.default.svc.cluster.local", RecordType.A, options)).Answers.Count == 3);

        // The same endpoints under a new version are no change of a name.
        api.Tell("MODIFIED", Slice("db", "db-a", "10.244.0.4", TimeProvider.System.GetUtcNow().AddHours(-2), "5"));
        api.Tell("ADDED", Slice("db", "db-b", "10.244.0.5", null, "6"));
        await UntilAsync(async () => (await DnsClient.QueryAsync("db.default.svc.cluster.local", RecordType.A, options)).Answers.Count == 4);

        using var client = new HttpClient { BaseAddress = new Uri($"http://{http}/") };
        const string Name = "coredns_kubernetes_dns_programming_duration_seconds";
        var metrics = (await client.GetStringAsync("metrics")).Split('\n');
        Assert.Equal(1, Value(metrics, Name + "_count{", "service_kind=\"headless_with_selector\""));
        Assert.Equal(0, Value(metrics, Name + "_bucket{", "le=\"1.024\""));
        Assert.Equal(1, Value(metrics, Name + "_bucket{", "le=\"524.288\""));
    }

    [Fact]
    public async Task AnAddressInUseIsNamed()
    {
        var nowhere = new KubeConfig { Server = new Uri("http://127.0.0.1:1/") };
        await using var first = await ClusterDns.StartAsync(Options(nowhere), NullLoggerFactory.Instance);
        var taken = first.LocalEndPoints[0];
        var failure = await Assert.ThrowsAsync<IOException>(() =>
            ClusterDns.StartAsync(Options(nowhere) with { Listen = [new DnsListenAddress(taken)] }, NullLoggerFactory.Instance));
        Assert.Contains(taken.ToString(), failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ItListensInTheNamespaceItIsTold()
    {
        using var network = new TestNetwork();
        var host = network.AddHost("dns");
        var nowhere = new KubeConfig { Server = new Uri("http://127.0.0.1:1/") };
        await using var dns = await ClusterDns.StartAsync(
            Options(nowhere) with { Listen = [new DnsListenAddress(new IPEndPoint(IPAddress.Loopback, 53), host.Namespace)] }, NullLoggerFactory.Instance);
        var result = await Tools.RunAsync(host.Namespace, "dig", ["@127.0.0.1", "+tries=1", "+time=20", "+short", "TXT", "dns-version.cluster.local"]);
        Assert.Equal("\"1.1.0\"\n", result.Output);
    }

    private static DnsOptions Options(KubeConfig kubeConfig) => new()
    {
        KubeConfig = kubeConfig,
        Listen = [new DnsListenAddress(FreePorts.TakeLoopback())],
        Upstreams = [],
        UdpThreads = 2,
    };

    private static Service Service(string name, string address) => new()
    {
        Metadata = new ObjectMeta { Namespace = "default", Name = name, ResourceVersion = "1" },
        Spec = new ServiceSpec { ClusterIP = address, ClusterIPs = [address], Ports = [new ServicePort { Name = "http", Port = 80 }] },
    };

    private static EndpointSlice Slice(string service, string name, string address, DateTimeOffset? triggered, string version)
    {
        var slice = new EndpointSlice
        {
            Metadata = new ObjectMeta { Namespace = "default", Name = name, ResourceVersion = version, Labels = { ["kubernetes.io/service-name"] = service } },
            AddressType = "IPv4",
            Endpoints = [new Endpoint { Addresses = [address] }],
        };
        if (triggered is { } time)
        {
            slice.Metadata.Annotations["endpoints.kubernetes.io/last-change-trigger-time"] = time.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", System.Globalization.CultureInfo.InvariantCulture);
        }

        return slice;
    }

    private static double Value(IEnumerable<string> metrics, string name, params string[] labels)
    {
        var line = Assert.Single(metrics, line =>
            line.StartsWith(name, StringComparison.Ordinal) && labels.All(label => line.Contains(label, StringComparison.Ordinal)));
        return double.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), limit.Token);
        }
    }
}
