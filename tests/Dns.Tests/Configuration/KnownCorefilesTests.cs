using System.Net;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Server;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Tests.Configuration;

/// <summary>The Corefiles that distributions ship are read whole, and mean what they mean there.</summary>
public sealed class KnownCorefilesTests : IDisposable
{
    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("dp-dns-");

    public KnownCorefilesTests()
    {
        File.WriteAllText(Path.Combine(_files.FullName, "resolv.conf"), "nameserver 192.0.2.53\n");
        File.WriteAllText(Path.Combine(_files.FullName, "NodeHosts"), "192.0.2.1 node-1\n");
    }

    public void Dispose() => _files.Delete(recursive: true);

    /// <summary>Managed clusters of Azure: two templates deny names that are searched for in vain, and customers have files of their own.</summary>
    private const string Aks = """
        .:53 {
            errors
            ready
            health {
              lameduck 5s
            }
            kubernetes cluster.local in-addr.arpa ip6.arpa {
              pods insecure
              fallthrough in-addr.arpa ip6.arpa
              ttl 30
            }
            prometheus :9153
            forward . resolv.conf
            cache 30
            loop
            reload
            loadbalance
            import custom/*.override
            template ANY ANY internal.cloudapp.net {
              match "^(?:[^.]+\.){4,}internal\.cloudapp\.net\.$"
              rcode NXDOMAIN
              fallthrough
            }
            template ANY ANY reddog.microsoft.com {
              rcode NXDOMAIN
            }
        }
        import custom/*.server
        """;

    /// <summary>Caches on the nodes, as kubernetes/kubernetes and Kubespray have them.</summary>
    private const string NodeLocal = """
        cluster.local:53 {
            errors
            cache {
                    success 9984 30
                    denial 9984 5
            }
            reload
            loop
            bind 169.254.20.10 10.96.0.10
            forward . 10.96.0.11 {
                    force_tcp
            }
            prometheus :9253
            health 169.254.20.10:8080
            }
        in-addr.arpa:53 {
            errors
            cache 30
            reload
            loop
            bind 169.254.20.10 10.96.0.10
            forward . 10.96.0.11 {
                    force_tcp
            }
            prometheus :9253
            }
        .:53 {
            errors
            cache 30
            reload
            loop
            bind 169.254.20.10 10.96.0.10
            forward . resolv.conf
            prometheus :9253
            }
        """;

    private const string OpenShift = """
        .:5353 {
            bufsize 1232
            errors
            log . {
                class error
            }
            health {
                lameduck 20s
            }
            ready
            kubernetes cluster.local in-addr.arpa ip6.arpa {
                pods insecure
                fallthrough in-addr.arpa ip6.arpa
            }
            prometheus 127.0.0.1:9153
            forward . resolv.conf {
                policy sequential
            }
            cache 900 {
                denial 9984 30
            }
            reload
        }
        hostname.bind:5353 {
            chaos
        }
        """;

    private const string K3s = """
        .:53 {
            errors
            health
            ready
            kubernetes cluster.local in-addr.arpa ip6.arpa {
              pods insecure
              fallthrough in-addr.arpa ip6.arpa
            }
            hosts NodeHosts {
              ttl 60
              reload 15s
              fallthrough
            }
            prometheus :9153
            forward . resolv.conf
            cache 30
            loop
            reload
            loadbalance
            import custom/*.override
        }
        import custom/*.server
        """;

    private const string Kubespray = """
        .:53 {
            errors {
            }
            health {
                lameduck 5s
            }
            ready
            kubernetes cluster.local in-addr.arpa ip6.arpa {
              pods insecure
              fallthrough in-addr.arpa ip6.arpa
            }
            prometheus :9153
            forward . resolv.conf {
              prefer_udp
              max_concurrent 1000
            }
            cache 30
            loop
            reload
            loadbalance
        }
        """;

    /// <summary>Azure's caches on the nodes.</summary>
    private const string AksLocalDns = """
        health-check.localdns.local:53 {
            bind 169.254.10.10 169.254.10.11
            whoami
        }
        .:53 {
            log
            bind 169.254.10.10
            forward . resolv.conf {
                force_tcp
                policy sequential
                max_concurrent 1000
            }
            ready 169.254.10.10:8181
            cache 3600 {
                success 9984
                denial 9984
                serve_stale 3600s immediate
                servfail 0
            }
            loop
            nsid localdns
            prometheus :9253
            template ANY ANY internal.cloudapp.net {
                match "^(?:[^.]+\.){4,}internal\.cloudapp\.net\.$"
                rcode NXDOMAIN
                fallthrough
            }
        }
        """;

    /// <summary>kubeadm since 1.31, EKS and Talos: what is the cluster's own is not cached.</summary>
    private const string Kubeadm = """
        .:53 {
            errors
            health {
               lameduck 5s
            }
            ready
            log . {
                class error
            }
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
        """;

    [Theory]
    [InlineData(Aks, 1)]
    [InlineData(NodeLocal, 3)]
    [InlineData(OpenShift, 2)]
    [InlineData(K3s, 1)]
    [InlineData(Kubespray, 1)]
    [InlineData(Kubeadm, 1)]
    [InlineData(AksLocalDns, 2)]
    public void ItIsReadWhole(string text, int servers)
    {
        var plan = Read(text);
        Assert.Equal(servers, plan.Servers.Count);
        Assert.All(plan.Servers, server => Assert.True(server.Forwards.Length == 1 || server.Chaos is not null || server.TellsClients));
    }

    [Fact]
    public void ACustomersOwnFilesAreTakenIn()
    {
        var custom = _files.CreateSubdirectory("custom").FullName;
        File.WriteAllText(Path.Combine(custom, "log.override"), "log\nrewrite stop {\n  name regex (.*)\\.svc\\.example\\. {1}.svc.cluster.local\n  answer name (.*)\\.svc\\.cluster\\.local {1}.svc.example\n}\n");
        File.WriteAllText(Path.Combine(custom, "corp.server"), "corp.example:53 {\n  errors\n  cache 30\n  forward . 192.0.2.9\n}\n");
        var plan = Read(Aks);
        Assert.Equal(["corp.example.", "."], plan.Servers.Select(server => server.Zones[0].ToString()).Order(StringComparer.Ordinal).Reverse());
        Assert.Single(plan.Servers[0].Log);
        Assert.Equal(NameMatch.Regex, Assert.Single(plan.Servers[0].Rewrites).Names!.Match);
    }

    [Fact]
    public void WhatIsTheClustersOwnIsNotCachedAndTheRestIs()
    {
        var cache = Read(Kubeadm).Servers[0].Cache!;
        Assert.Equal((30u, 30u), (cache.MaxTtl, cache.MaxDenialTtl));
        Assert.Equal("cluster.local.", Assert.Single(cache.NoSuccess).ToString());
        Assert.Equal("cluster.local.", Assert.Single(cache.NoDenial).ToString());
    }

    [Fact]
    public void AddressesAndClassesAreThoseThatAreWritten()
    {
        var local = Read(NodeLocal);
        Assert.Equal(IPEndPoint.Parse("169.254.20.10:8080"), local.Health);
        Assert.Equal(9253, local.Metrics!.Port);
        Assert.All(local.Servers, server => Assert.Equal([IPAddress.Parse("169.254.20.10"), IPAddress.Parse("10.96.0.10")], server.Addresses));
        Assert.Equal([true, true, false], local.Servers.Select(server => server.Forwards[0].ForceTcp));
        Assert.Equal((30u, 5u), (local.Servers[0].Cache!.MaxTtl, local.Servers[0].Cache!.MaxDenialTtl));
        Assert.Equal(LogClass.Error, Assert.Single(Read(OpenShift).Servers[0].Log).Classes);
        var hosts = Read(K3s).Servers[0].Hosts!;
        Assert.Equal((60u, TimeSpan.FromSeconds(15), "."), (hosts.Ttl, hosts.Reload, Assert.Single(hosts.FallThrough).ToString()));
    }

    /// <summary>Each property of a plugin with what it comes to.</summary>
    [Fact]
    public void EveryPropertyOfForwardIsTaken()
    {
        var plan = Assert.Single(Read("""
            . {
                forward example.com 192.0.2.1 192.0.2.2:5353 tls://192.0.2.3 tls://192.0.2.4%dns.quad9.net tls://2001:db8::5%dns.example.net:8853 {
                    except internal.example.com 10.in-addr.arpa
                    force_tcp
                    expire 20s
                    max_age 5m
                    max_idle_conns 4
                    max_fails 3
                    tls_servername dns.example.com
                    policy round_robin
                    health_check 2s no_rec domain example.org
                    max_concurrent 50
                    failover SERVFAIL REFUSED
                    next NXDOMAIN
                    next_on_nodata
                    max_connect_attempts 3
                    failfast_all_unhealthy_upstreams
                }
            }
            """).Servers).Forwards[0];
        Assert.Equal("example.com.", plan.From.ToString());
        Assert.Equal(["internal.example.com.", "10.in-addr.arpa."], plan.Except.Select(name => name.ToString()));
        Assert.Equal(["192.0.2.1:53", "192.0.2.2:5353", "192.0.2.3:853", "192.0.2.4:853", "[2001:db8::5]:8853"], plan.Upstreams.Select(upstream => upstream.Address.ToString()));
        Assert.Equal([false, false, true, true, true], plan.Upstreams.Select(upstream => upstream.Tls));
        Assert.Equal([null, null, null, "dns.quad9.net", "dns.example.net"], plan.Upstreams.Select(upstream => upstream.ServerName));
        Assert.Equal((true, 3, ResponseCode.NXDomain), (plan.GoesOnWithoutData, plan.MaxAttempts, Assert.Single(plan.Next)));
        Assert.Equal((true, true, 3, 50, 4), (plan.ForceTcp, plan.FailsFast, plan.MaxFails, plan.MaxConcurrent, plan.MaxIdle));
        Assert.Equal((TimeSpan.FromSeconds(20), TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(2)), (plan.Expire, plan.MaxAge, plan.HealthCheck));
        Assert.Equal(("example.org.", false), (DnsName.Format(plan.CheckName), plan.CheckRecursion));
        Assert.Equal((ForwardPolicy.RoundRobin, "dns.example.com"), (plan.Policy, plan.TlsServerName));
        Assert.Equal([ResponseCode.ServFail, ResponseCode.Refused], plan.Failover);
    }

    [Fact]
    public void EveryPropertyOfKubernetesAndOfCacheIsTaken()
    {
        var server = Assert.Single(Read("""
            cluster.local {
                errors {
                    consolidate 5m ".* i/o timeout$" warning
                    consolidate 30s "^Failed to .+"
                }
                kubernetes cluster.local 10.96.0.0/16 {
                    endpoint https://192.0.2.10:6443
                    tls cert.pem key.pem ca.pem
                    namespaces default prod
                    labels environment in (staging, qa),application=nginx
                    pods verified
                    endpoint_pod_names
                    ttl 10
                    noendpoints
                    fallthrough
                    ignore empty_service
                    startup_timeout 5s
                }
                cache 60 example.com {
                    success 5000 600 10
                    denial 2500 60 5
                    prefetch 10 1m 20%
                    serve_stale 2h verify
                    servfail 0
                    disable denial
                    keepttl
                }
            }
            """).Servers);
        var cluster = server.Kubernetes!;
        Assert.Equal((true, true, true, 10u), (cluster.NamesEndpointsByPod, cluster.WithoutEndpoints, cluster.HidesEmptyServices, cluster.Ttl));
        Assert.Equal(("environment in (staging, qa),application=nginx", "default prod"), (cluster.Labels, string.Join(' ', cluster.Namespaces)));
        Assert.Equal(Path.Combine(_files.FullName, "ca.pem"), cluster.Tls!.Value.Authority);
        var cache = server.Cache!;
        Assert.Equal(("example.com.", ".", true, 0u), (Assert.Single(cache.Zones).ToString(), Assert.Single(cache.NoDenial).ToString(), cache.KeepsTtl, cache.ServFailTtl));
        Assert.Equal((5000, 600u, 10u, 60u, 5u), (cache.Capacity, cache.MaxTtl, cache.MinTtl, cache.MaxDenialTtl, cache.MinDenialTtl));
        Assert.Equal((10, 20, TimeSpan.FromHours(2), true), (cache.Prefetch, cache.PrefetchPercentage, cache.Stale, cache.VerifyStale));
    }

    private DnsPlan Read(string text) => CorefileReader.Read(text, Path.Combine(_files.FullName, "Corefile"), 53, _ => null);
}
