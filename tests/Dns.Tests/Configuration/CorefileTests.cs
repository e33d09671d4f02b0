using System.Net;
using Dataplane.Dns.Configuration;

namespace Dataplane.Dns.Tests.Configuration;

public sealed class CorefileTests
{
    /// <summary>What is wrong, and what CoreDNS says of it with the line.</summary>
    public static TheoryData<string, string> Mistakes => new()
    {
        { "", "Corefile:1 - Error during parsing: no server block" },
        { ". {\n  foo\n}", "Corefile:2 - Error during parsing: Unknown directive 'foo'" },
        { ". {\n  errors\n  etcd\n}", "Corefile:3 - Error during parsing: directive 'etcd' is not supported by this server" },
        { ". {\n  errors", "Corefile:2 - Error during parsing: Unexpected EOF" },
        { ". {\n  errors\n}\n}", "Corefile:4 - Error during parsing: '}' closes nothing" },
        { "{\n errors\n}", "Corefile:1 - Error during parsing: a server block needs a zone before its '{'" },
        { ". {\n  log \"x\n}", "Corefile:2 - Error during parsing: a quote is not closed" },
        { ". {\n}\n.:53 {\n}", "Corefile:3 - Error during parsing: cannot serve dns://.:53 - it is already defined" },
        { ".:x {\n}", "Corefile:1 - Error during parsing: \"x\" is not a port" },
        { "grpc://. {\n}", "Corefile:1 - Error during parsing: server protocol of grpc://. is not one of dns, tls, https" },
        { "tls://. {\n}", "plugin/tls: Corefile:1 - Error during parsing: a server for TLS or HTTPS needs a certificate" },
        { "a..b {\n}", "Corefile:1 - Error during parsing: name 'a..b' has an empty label" },
        { "import nosuch\n. {\n}", "Corefile:1 - Error during parsing: File to import not found: nosuch" },
        { ". {\n  kubernetes\n}", "plugin/kubernetes: Corefile:2 - Error during parsing: the cluster's zone cannot be the root: name it" },
        { ". {\n  kubernetes in-addr.arpa\n}", "plugin/kubernetes: Corefile:2 - Error during parsing: non-reverse zone name must be used" },
        { "cluster.local {\n  kubernetes {\n    pods some\n  }\n}", "plugin/kubernetes: Corefile:3 - Error during parsing: wrong value for pods: some,  must be one of: disabled, verified, insecure" },
        { "cluster.local {\n  kubernetes {\n    ttl 4000\n  }\n}", "plugin/kubernetes: Corefile:3 - Error during parsing: ttl must be in range [0, 3600]: 4000" },
        { "cluster.local {\n  kubernetes {\n    color red\n  }\n}", "plugin/kubernetes: Corefile:3 - Error during parsing: unknown property 'color'" },
        { "cluster.local {\n  kubernetes {\n    namespaces\n  }\n}", "plugin/kubernetes: Corefile:3 - Error during parsing: Wrong argument count or unexpected line ending after 'namespaces'" },
        { "cluster.local {\n  kubernetes\n  kubernetes\n}", "plugin/kubernetes: Corefile:3 - Error during parsing: this plugin can only be used once per Server Block" },
        { ". {\n  forward .\n}", "plugin/forward: Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after '.'" },
        { ". {\n  forward . nosuch\n}", "plugin/forward: Corefile:2 - Error during parsing: not an IP address or file: \"nosuch\"" },
        { ". {\n  forward . quic://192.0.2.1\n}", "plugin/forward: Corefile:2 - Error during parsing: 'quic' is not supported as a destination protocol in forward: quic://192.0.2.1" },
        { ". {\n  forward . 192.0.2.1 {\n    policy best\n  }\n}", "plugin/forward: Corefile:3 - Error during parsing: unknown policy 'best'" },
        { ". {\n  forward . 192.0.2.1 {\n    max_fails\n  }\n}", "plugin/forward: Corefile:3 - Error during parsing: Wrong argument count or unexpected line ending after 'max_fails'" },
        { ". {\n  cache 0\n}", "plugin/cache: Corefile:2 - Error during parsing: cache TTL can not be zero or negative: 0" },
        { ". {\n  cache {\n    prefetch 10 1m 5%\n  }\n}", "plugin/cache: Corefile:3 - Error during parsing: percentage should fall in range [10, 90]: 5" },
        { ". {\n  cache {\n    serve_stale 1h later\n  }\n}", "plugin/cache: Corefile:3 - Error during parsing: invalid value for serve_stale refresh mode: later" },
        { ". {\n  acl {\n    allow from 10.0.0.0/8\n  }\n}", "plugin/acl: Corefile:3 - Error during parsing: unexpected token \"from\"; expect 'type | net'" },
        { ". {\n  acl {\n    block net 10.0.0.0/33\n  }\n}", "plugin/acl: Corefile:3 - Error during parsing: illegal CIDR notation \"10.0.0.0/33\"" },
        { ". {\n  rewrite edns0 nsid set\n}", "plugin/rewrite: Corefile:2 - Error during parsing: rewrite of 'edns0' is not supported by this server: name, type, class, ttl and rcode are" },
        { ". {\n  rewrite type ANY\n}", "plugin/rewrite: Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after 'ANY'" },
        { ". {\n  rewrite type ANY NOPE\n}", "plugin/rewrite: Corefile:2 - Error during parsing: invalid RR class/type NOPE" },
        { ". {\n  rewrite ttl a.test 9-3\n}", "plugin/rewrite: Corefile:2 - Error during parsing: invalid TTL range 9-3" },
        { ". {\n  rewrite ttl a.test soon\n}", "plugin/rewrite: Corefile:2 - Error during parsing: \"soon\" is not a TTL" },
        { ". {\n  rewrite rcode a.test NXDOMAIN\n}", "plugin/rewrite: Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after 'NXDOMAIN'" },
        { ". {\n  rewrite name a.test b.test answer\n}", "plugin/rewrite: Corefile:2 - Error during parsing: 'answer': expected answer auto, answer name FROM TO or answer value FROM TO" },
        { ". {\n  rewrite {\n    name a.test b.test\n    ttl a.test 3\n  }\n}", "plugin/rewrite: Corefile:4 - Error during parsing: unknown property 'ttl'" },
        { ". {\n  rewrite name regex ( a\n}", "plugin/rewrite: Corefile:2 - Error during parsing: invalid regex pattern \"(\": Invalid pattern '(' at offset 1. Not enough )'s." },
        { ". {\n  rewrite name regex (a+)+\\.\\1 b\n}", "plugin/rewrite: Corefile:2 - Error during parsing: invalid regex pattern \"(a+)+\\.\\1\": invalid or unsupported Perl syntax" },
        { ". {\n  template IN A {\n    answer \"{{ .Nope }}\"\n  }\n}", "plugin/template: Corefile:3 - Error during parsing: template: unknown expression \".Nope\"" },
        { ". {\n  transfer\n}", "plugin/transfer: Corefile:2 - Error during parsing: 'to' is required" },
        { ". {\n  autopath @hosts\n}", "plugin/autopath: Corefile:2 - Error during parsing: plugin hosts does not implement the AutoPather interface" },
        { ". {\n  reload 1s\n}", "plugin/reload: Corefile:2 - Error during parsing: interval value must be greater or equal to 2s" },
        { ". {\n  health {\n    lameduck soon\n  }\n}", "plugin/health: Corefile:3 - Error during parsing: \"soon\" is no duration such as 30s, 250ms or 1m30s" },
        { ". {\n  bufsize 100\n}", "plugin/bufsize: Corefile:2 - Error during parsing: bufsize must be in range [512, 4096]: 100" },
        { ". {\n  loadbalance best\n}", "plugin/loadbalance: Corefile:2 - Error during parsing: unknown policy: best" },
        { ". {\n  loadbalance {\n    prefer 10.0.0.0/8\n  }\n}", "plugin/loadbalance: Corefile:3 - Error during parsing: property 'prefer' is not supported by this server" },
        { ". {\n  errors file.log\n}", "plugin/errors: Corefile:2 - Error during parsing: invalid log file: file.log" },
        { ". {\n  errors {\n    consolidate 5m\n  }\n}", "plugin/errors: Corefile:3 - Error during parsing: Wrong argument count or unexpected line ending after '5m'" },
        { ". {\n  errors {\n    consolidate 5m a loud\n  }\n}", "plugin/errors: Corefile:3 - Error during parsing: unknown log level argument in consolidate: loud" },
        { ". {\n  log {\n    class some\n  }\n}", "plugin/log: Corefile:3 - Error during parsing: invalid Class: some" },
        { ". {\n  cache {\n    disable all\n  }\n}", "plugin/cache: Corefile:3 - Error during parsing: cache type for disable must be \"success\" or \"denial\": all" },
        { ". {\n  forward . 192.0.2.1 {\n    health_check 1s often\n  }\n}", "plugin/forward: Corefile:3 - Error during parsing: health_check: unknown option often" },
        { ". {\n  forward . 192.0.2.1 {\n    failover NOERROR\n  }\n}", "plugin/forward: Corefile:3 - Error during parsing: NoError cannot be used in failover" },
        { ". {\n  forward . 192.0.2.1 {\n    next NOPE\n  }\n}", "plugin/forward: Corefile:3 - Error during parsing: unknown rcode NOPE" },
        { ". {\n  forward . dns.test {\n  }\n}", "plugin/forward: Corefile:2 - Error during parsing: not an IP address or file: \"dns.test\"" },
        { ". {\n  forward . 192.0.2.1 {\n    resolver 192.0.2.2\n  }\n}", "plugin/forward: Corefile:3 - Error during parsing: property 'resolver' is not supported by this server" },
        { ". {\n  forward . tls://192.0.2.1%dns.test:x\n}", "plugin/forward: Corefile:2 - Error during parsing: \"x\" is not a port: tls://192.0.2.1%dns.test:x" },
        { ". {\n  bind 127.0.0.1 {\n    only lo\n  }\n}", "plugin/bind: Corefile:3 - Error during parsing: unknown property 'only'" },
        { "cluster.local {\n  kubernetes {\n    ignore all\n  }\n}", "plugin/kubernetes: Corefile:3 - Error during parsing: unable to parse ignore value: 'all'" },
        { "cluster.local {\n  kubernetes {\n    tls cert key\n  }\n}", "plugin/kubernetes: Corefile:3 - Error during parsing: Wrong argument count or unexpected line ending after 'key'" },
        { ". {\n  whoami now\n}", "plugin/whoami: Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after 'now'" },
        { ". {\n  bind nosuch0\n}", "plugin/bind: Corefile:2 - Error during parsing: not a valid IP address or interface name: nosuch0" },
        { "tls://. {\n  tls cert key {\n    client_auth require\n  }\n}", "plugin/tls: Corefile:3 - Error during parsing: property 'client_auth require' is not supported by this server" },
        { ". {\n  loop now\n}", "plugin/loop: Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after 'now'" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void AMistakeIsNamedWithItsLine(string text, string expected) =>
        Assert.Equal(expected, Assert.ThrowsAny<FormatException>(() => Read(text)).Message);

    [Fact]
    public void TheCorefileOfKubeadmIsReadWhole()
    {
        var plan = Read("""
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
                forward . 192.0.2.53 {
                   max_concurrent 1000
                }
                cache 30
                loop
                reload
                loadbalance
            }
            """);
        Assert.Equal(Everywhere(8080), plan.Health);
        Assert.Equal(Everywhere(8181), plan.Ready);
        Assert.Equal(Everywhere(9153), plan.Metrics);
        Assert.Equal(TimeSpan.FromSeconds(5), plan.LameDuck);
        Assert.Equal(TimeSpan.FromSeconds(30), plan.ReloadInterval);
        var server = Assert.Single(plan.Servers);
        Assert.Equal((30u, 30u), (server.Cache!.MaxTtl, server.Cache.MaxDenialTtl));
        Assert.Equal("cluster.local.", plan.Kubernetes!.Zone);
        Assert.Empty(plan.Kubernetes.ReverseZones);
        Assert.True(server.FindsLoops && server.Shuffles);
        Assert.Equal(1000, Assert.Single(server.Forwards).MaxConcurrent);
    }

    [Fact]
    public void SnippetsFilesAndVariablesAreTakenIn()
    {
        var directory = Directory.CreateTempSubdirectory("dp-dns-");
        try
        {
            var path = Path.Combine(directory.FullName, "Corefile");
            File.WriteAllText(Path.Combine(directory.FullName, "stub.server"), "stub.test {\n  forward . {$STUB}\n}\n");
            File.WriteAllText(Path.Combine(directory.FullName, "more.override"), "log\n");
            var text = "(shared) {\n  cache 9 # a comment\n}\nimport *.server\n., example.org:5353 {\n  import shared\n  import *.override\n  forward . {%UP%}\n}\n";
            var plan = CorefileReader.Read(text, path, 53, name => name == "UP" ? "192.0.2.1" : "192.0.2.2");
            Assert.Equal(["stub.test.", ".", "example.org."], plan.Servers.Select(server => server.Zones[0].ToString()));
            Assert.Equal([53, 53, 5353], plan.Servers.Select(server => server.Port));
            Assert.Equal(IPEndPoint.Parse("192.0.2.2:53"), plan.Servers[0].Forwards[0].Upstreams[0].Address);
            Assert.Equal(IPEndPoint.Parse("192.0.2.1:53"), plan.Servers[1].Forwards[0].Upstreams[0].Address);
            Assert.Equal(9u, plan.Servers[2].Cache!.MaxTtl);
            Assert.NotNull(plan.Servers[1].Log);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void AddressesOfAnInterfaceMayBeLeftOut()
    {
        Assert.Contains(IPAddress.Loopback, Assert.Single(Read(". {\n  bind lo\n}").Servers).Addresses);
        Assert.DoesNotContain(IPAddress.Loopback, Assert.Single(Read(". {\n  bind lo 192.0.2.1 {\n    except 127.0.0.1\n  }\n}").Servers).Addresses);
    }

    [Fact]
    public void OneServerNeedsNoBraces() =>
        Assert.Equal("example.org.", Assert.Single(Read("example.org\nforward . 192.0.2.1\n").Servers).Zones[0].ToString());

    /// <summary>Both families: in a cluster that has only IPv6 the kubelet's probes come by it.</summary>
    private static IPEndPoint Everywhere(int port) => new(System.Net.Sockets.Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, port);

    private static DnsPlan Read(string text) => CorefileReader.Read(text, "Corefile", 53, _ => null);
}
