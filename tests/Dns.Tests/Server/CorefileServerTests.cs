using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dataplane.Api;
using Dataplane.Dns.Client;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Wire;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Dns.Tests.Server;

/// <summary>The whole server as a Corefile configures it.</summary>
public sealed class CorefileServerTests : IAsyncLifetime
{
    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("dp-dns-");
    private FakeApi _api = null!;

    public async ValueTask InitializeAsync()
    {
        _api = await FakeApi.StartAsync();
        _api.Add(new Namespace { Metadata = new ObjectMeta { Name = "default", ResourceVersion = "1" } });
        for (var i = 0; i < 400; i++)
        {
            _api.Add(new Service
            {
                Metadata = new ObjectMeta { Namespace = "default", Name = $"web-{i}", ResourceVersion = "1" },
                Spec = new ServiceSpec { ClusterIP = $"10.96.{i / 250}.{i % 250}", ClusterIPs = [$"10.96.{i / 250}.{i % 250}"], Ports = [new ServicePort { Name = "http", Port = 80 }] },
            });
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _api.DisposeAsync();
        _files.Delete(recursive: true);
    }

    [Fact]
    public async Task AReloadLosesNoQueryAndAMistakeChangesNothing()
    {
        var port = FreePorts.Take();
        var (first, second) = (Corefile(port, "192.0.2.1"), Corefile(port, "192.0.2.2"));
        var file = Write(first);
        await using var dns = await StartAsync(file);
        await UntilAsync(() => dns.Synced);
        var options = new DnsQueryOptions { Server = new IPEndPoint(IPAddress.Loopback, port), Timeout = TimeSpan.FromSeconds(20) };

        using var stop = new CancellationTokenSource();
        var clients = Enumerable.Range(0, 3).Select(number => Task.Run(async () =>
        {
            var asked = 0;
            while (!stop.IsCancellationRequested)
            {
                var response = await DnsClient.QueryAsync($"web-{asked++ % 400}.default.svc.cluster.local", RecordType.A, options with { Tcp = number == 0 });
                Assert.Single(response.Answers);
            }

            return asked;
        })).ToList();

        File.WriteAllText(file, second);
        await UntilAsync(async () => await AddressAsync(options) == "192.0.2.2");
        File.WriteAllText(file, second.Replace("errors", "nosuch", StringComparison.Ordinal).Replace("192.0.2.2", "192.0.2.3", StringComparison.Ordinal));
        await UntilAsync(() => dns.ReloadFailures > 0);
        Assert.Equal("192.0.2.2", await AddressAsync(options));
        File.WriteAllText(file, first);
        await UntilAsync(async () => await AddressAsync(options) == "192.0.2.1");

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(clients), asked => Assert.True(asked > 0));
    }

    /// <summary>AKS, k3s and others have what is the customer's own in files that the Corefile imports: a change of one counts as one of the Corefile.</summary>
    [Fact]
    public async Task AChangedImportIsNoticedToo()
    {
        var custom = _files.CreateSubdirectory("custom").FullName;
        var port = FreePorts.Take();
        var file = Write($".:{port} {{\n bind 127.0.0.1\n reload 2s\n import custom/*.override\n kubernetes cluster.local\n}}\n");
        await using var dns = await StartAsync(file);
        var options = new DnsQueryOptions { Server = new IPEndPoint(IPAddress.Loopback, port), Timeout = TimeSpan.FromSeconds(20) };
        File.WriteAllText(Path.Combine(custom, "hosts.override"), "hosts {\n 192.0.2.5 which.test\n fallthrough\n}\n");
        await UntilAsync(async () => await AddressAsync(options) == "192.0.2.5");
        File.WriteAllText(Path.Combine(custom, "hosts.override"), "hosts {\n 192.0.2.6 which.test\n fallthrough\n}\n");
        await UntilAsync(async () => await AddressAsync(options) == "192.0.2.6");
    }

    [Fact]
    public async Task TheZoneIsGivenToThoseWhoMayHaveIt()
    {
        var file = Write($"cluster.local:{FreePorts.Take()} {{\n bind 127.0.0.1 127.0.0.2\n kubernetes\n transfer {{\n  to 127.0.0.1\n }}\n}}\n");
        await using var dns = await StartAsync(file);
        await UntilAsync(() => dns.Synced);
        var port = $"{dns.LocalEndPoints[0].Port}";
        var given = (await Tools.RunAsync(null, "dig", ["@127.0.0.1", "-b", "127.0.0.1", "-p", port, "+time=20", "+tries=1", "AXFR", "cluster.local"])).Output;
        var records = given.Split('\n').Where(line => line.Length > 0 && !line.StartsWith(';')).Select(line => string.Join(' ', line.Split(['\t', ' '], StringSplitOptions.RemoveEmptyEntries))).ToList();
        Assert.Contains(" SOA ", records[0], StringComparison.Ordinal);
        Assert.Equal(records[0], records[^1]);
        Assert.Contains("cluster.local. 5 IN NS ns.dns.cluster.local.", records);
        Assert.Contains("web-399.default.svc.cluster.local. 5 IN A 10.96.1.149", records);
        Assert.Contains("_http._tcp.web-7.default.svc.cluster.local. 5 IN SRV 0 100 80 web-7.default.svc.cluster.local.", records);
        Assert.Equal(400, records.Count(record => record.Contains(" A 10.96.", StringComparison.Ordinal)));

        var refused = (await Tools.RunAsync(null, "dig", ["@127.0.0.1", "-b", "127.0.0.2", "-p", port, "+time=20", "+tries=1", "AXFR", "cluster.local"])).Output;
        Assert.Contains("Transfer failed", refused, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tls", "+tls")]
    [InlineData("https", "+https")]
    [InlineData("https", "+https-get")]
    public async Task EncryptedTransportsAnswerLikeTheOthers(string transport, string option)
    {
        WriteCertificate();
        var file = Write($"{transport}://.:{FreePorts.Take()} {{\n bind 127.0.0.1\n tls cert.pem key.pem\n kubernetes cluster.local\n}}\n");
        await using var dns = await StartAsync(file);
        await UntilAsync(() => dns.Synced);
        var result = await Tools.RunAsync(null, "kdig", ["@127.0.0.1", "-p", $"{dns.LocalEndPoints[0].Port}", option, "+time=20", "+retry=0", "+short", "web-7.default.svc.cluster.local", "A"]);
        Assert.Equal("10.96.0.7\n", result.Output);
    }

    [Theory]
    [InlineData("+nsid", "NSID: 6e 6f 64 65 2d 31 (\"node-1\")")]
    [InlineData("+nsid +cookie=0102030405060708", "COOKIE: 0102030405060708")]
    public async Task WhoAsksWhichServerItIsIsTold(string options, string expected)
    {
        var file = Write($".:{FreePorts.Take()} {{\n bind 127.0.0.1\n nsid node-1\n kubernetes cluster.local\n}}\n");
        await using var dns = await StartAsync(file);
        await UntilAsync(() => dns.Synced);
        var result = await Tools.RunAsync(
            null, "dig", ["@127.0.0.1", "-p", $"{dns.LocalEndPoints[0].Port}", "+time=20", "+tries=1", .. options.Split(' '), "web-7.default.svc.cluster.local", "A"]);
        Assert.Contains(expected, result.Output, StringComparison.Ordinal);
        Assert.Contains("10.96.0.7", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("malformed", result.Output, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task ItSaysThatItIsLeavingAndAnswersOn()
    {
        var (port, health) = (FreePorts.Take(), FreePorts.Take());
        var file = Write($".:{port} {{\n bind 127.0.0.1\n kubernetes cluster.local\n health 127.0.0.1:{health} {{\n  lameduck 15s\n }}\n}}\n");
        var dns = await StartAsync(file);
        await UntilAsync(() => dns.Synced);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{health}/") };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("health")).StatusCode);

        var leaving = dns.DisposeAsync().AsTask();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("health")).StatusCode);
        var options = new DnsQueryOptions { Server = new IPEndPoint(IPAddress.Loopback, port), Timeout = TimeSpan.FromSeconds(20) };
        Assert.Single((await DnsClient.QueryAsync("web-1.default.svc.cluster.local", RecordType.A, options)).Answers);
        await leaving;
    }

    /// <summary>All that kubeadm writes, on the ports that it expects, in a network namespace that has nothing else.</summary>
    [Fact]
    public async Task TheCorefileOfKubeadmRunsAsItIs()
    {
        using var network = new TestNetwork();
        var host = network.AddHost("dns");
        File.WriteAllText(Path.Combine(_files.FullName, "resolv.conf"), "nameserver 127.0.0.9\nsearch example.com\n");
        var file = Write("""
            .:53 {
                errors
                health {
                   lameduck 5s
                }
                ready
                kubernetes cluster.local in-addr.arpa ip6.arpa {
                   pods insecure
                   fallthrough in-addr.arpa ip6.arpa
                   ttl 30
                }
                prometheus :9153
                forward . resolv.conf {
                   max_concurrent 1000
                }
                cache 30 {
                   disable success cluster.local
                   disable denial cluster.local
                }
                loop
                reload
                loadbalance
            }

            """);
        var options = new DnsOptions { KubeConfig = _api.KubeConfig, Corefile = file, UdpThreads = 2, Namespace = host.Namespace, ForwardNamespace = host.Namespace };
        await using var dns = await ClusterDns.StartAsync(options, NullLoggerFactory.Instance);
        await UntilAsync(() => dns.Synced);
        Assert.Equal("10.96.0.7\n", await InHostAsync("dig", "@127.0.0.1", "+time=20", "+tries=1", "+short", "web-7.default.svc.cluster.local"));
        Assert.Equal("web-7.default.svc.cluster.local.\n", await InHostAsync("dig", "@::1", "+time=20", "+tries=1", "+tcp", "+short", "-x", "10.96.0.7"));
        Assert.Equal("OK", await InHostAsync("curl", "-s", "http://127.0.0.1:8080/health"));
        Assert.Equal("OK", await InHostAsync("curl", "-s", "http://127.0.0.1:8181/ready"));
        Assert.Equal("OK", await InHostAsync("curl", "-s", "-g", "http://[::1]:8080/health"));
        Assert.Equal("OK", await InHostAsync("curl", "-s", "-g", "http://[::1]:8181/ready"));
        var metrics = await InHostAsync("curl", "-s", "http://127.0.0.1:9153/metrics");
        var requests = metrics.Split('\n').Where(line => line.StartsWith("coredns_dns_requests_total{", StringComparison.Ordinal)).ToList();
        Assert.All(requests, line => Assert.Contains("server=\"dns://:53\",zone=\".\"", line, StringComparison.Ordinal));
        Assert.Contains(requests, line => line.Contains("family=\"1\",proto=\"udp\",type=\"A\"", StringComparison.Ordinal));
        Assert.Contains(requests, line => line.Contains("family=\"2\",proto=\"tcp\",type=\"PTR\"", StringComparison.Ordinal));
        Assert.Contains("coredns_forward_max_concurrent_rejects_total 0", metrics, StringComparison.Ordinal);

        async Task<string> InHostAsync(string tool, params string[] arguments) => (await Tools.RunAsync(host.Namespace, tool, arguments)).OutputOrThrow();
    }

    [Fact]
    public async Task AMistakeKeepsItFromStarting()
    {
        var file = Write(". {\n  nosuch\n}\n");
        var failure = await Assert.ThrowsAsync<CorefileException>(() => StartAsync(file));
        Assert.Equal($"{file}:2 - Error during parsing: Unknown directive 'nosuch'", failure.Message);
    }

    private static string Corefile(int port, string address) => $$"""
        .:{{port}} {
            errors
            bind 127.0.0.1
            hosts {
                {{address}} which.test
                fallthrough
            }
            kubernetes cluster.local
            reload 2s
        }

        """;

    private static async Task<string?> AddressAsync(DnsQueryOptions options) =>
        (await DnsClient.QueryAsync("which.test", RecordType.A, options)).Answers.SingleOrDefault()?.Split(' ')[^1];

    private Task<ClusterDns> StartAsync(string file) =>
        ClusterDns.StartAsync(new DnsOptions { KubeConfig = _api.KubeConfig, Corefile = file, UdpThreads = 2 }, NullLoggerFactory.Instance);

    private string Write(string text)
    {
        var path = Path.Combine(_files.FullName, "Corefile");
        File.WriteAllText(path, text);
        return path;
    }

    private void WriteCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=dns.test", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero));
        File.WriteAllText(Path.Combine(_files.FullName, "cert.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(_files.FullName, "key.pem"), key.ExportPkcs8PrivateKeyPem());
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), limit.Token);
        }
    }
}
