using System.Net;
using System.Net.Sockets;
using Dataplane.Api;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Feeds;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Probe = Dataplane.Proxy.Tests.Scenarios.Probe;

namespace Dataplane.Proxy.Tests.Kernel;

/// <summary>A whole proxy on a node, told of its cluster by the test.</summary>
public sealed class NodeProxyTests(NftablesKernelTests.Rig rig) : IClassFixture<NftablesKernelTests.Rig>
{
    private const string KubeProxyRules = """
        table ip kube-proxy {
          chain filter-prerouting {
            type filter hook prerouting priority -110;
            ip daddr 10.96.0.1 tcp dport 80 reject
          }
        }
        table ip6 kube-proxy {
        }

        """;

    [Fact]
    public async Task ItTakesOverFromKubeProxyAndFromAnotherMode()
    {
        var node = rig.Network.Node.Namespace;
        (await Tools.RunAsync(node, "nft", ["-f", "-"], KubeProxyRules)).OutputOrThrow();
        foreach (var mode in new[] { "userspace", "nftables", "iptables", "nftables" })
        {
            await using var proxy = await StartAsync(mode);
            // Until then kube-proxy's rules refuse: it had no endpoint when it stopped.
            await UntilAsync(() => mode == "iptables" ? !Tables().Any(name => name.StartsWith("dataplane", StringComparison.Ordinal))
                : Tables().All(name => name.StartsWith(mode == "userspace" ? "dataplane-userspace" : "dataplane", StringComparison.Ordinal) && (mode == "userspace" || name != "dataplane-userspace")));
            Assert.Equal("a", (await Prober.ConnectAsync(rig.Network, Probe.Parse("pod-c tcp 10.96.0.1:80 > a"))).TrimEnd('*'));
        }

        await NodeProxy.CleanupAsync(node, NullLoggerFactory.Instance);
        Assert.Empty(Tables());
    }

    [Fact]
    public async Task WhatSomebodyFlushesComesBack()
    {
        await using var proxy = await StartAsync("nftables");
        for (var flush = 0; flush < 3; flush++)
        {
            (await Tools.RunAsync(rig.Network.Node.Namespace, "nft", ["flush", "ruleset"])).OutputOrThrow();
            // The table is there before the front end is, and until then a ClusterIP is an address that nobody has.
            await UntilAsync(async () => await TryConnectAsync("pod-c tcp 10.96.0.1:80 > a") == "a");
        }
    }

    [Theory]
    [InlineData("nftables", true)]
    [InlineData("iptables", false)]
    public async Task ItsPortsAnswerOnTheNode(string mode, bool countsBytes)
    {
        await NodeProxy.CleanupAsync(rig.Network.Node.Namespace, NullLoggerFactory.Instance);
        await using var proxy = await StartAsync(mode);
        for (var connection = 0; connection < 3; connection++)
        {
            Assert.Equal("a*", await Prober.ConnectAsync(rig.Network, Probe.Parse("client tcp 172.30.0.11:30080 > a*")));
        }

        Assert.Contains("\"nodeEligible\": true", await GetAsync("client", "172.30.0.11", 10256, "/healthz"), StringComparison.Ordinal);
        await UntilAsync(async () => (await GetAsync("client", "172.30.0.11", 32000, "/")).Contains("\"localEndpoints\":1", StringComparison.Ordinal));
        var metrics = await GetAsync("node", "127.0.0.1", 10249, "/metrics");
        Assert.Contains("dataplane_proxy_service_connections_total{namespace=\"ns\",service=\"web\",port=\"\",protocol=\"TCP\"} 3\n", metrics, StringComparison.Ordinal);
        Assert.Contains(
            "dataplane_proxy_endpoint_connections_total{namespace=\"ns\",service=\"web\",port=\"\",protocol=\"TCP\",endpoint=\"10.244.1.5:8080\"} 3\n", metrics, StringComparison.Ordinal);
        Assert.Equal(countsBytes, metrics.Contains("dataplane_proxy_service_bytes_total{namespace=\"ns\",service=\"web\"", StringComparison.Ordinal));
        Assert.Contains("dataplane_proxy_load_services_done 2\n", metrics, StringComparison.Ordinal);
    }

    private async Task<string> TryConnectAsync(string line)
    {
        try
        {
            return await Prober.ConnectAsync(rig.Network, Probe.Parse(line));
        }
        catch (SocketException unreachable)
        {
            return unreachable.Message;
        }
    }

    private async Task<NodeProxy> StartAsync(string mode)
    {
        var proxy = await NodeProxy.StartAsync(
            new ProxyOptions
            {
                NodeName = "here",
                Feed = new Feed(),
                Mode = mode,
                Namespace = rig.Network.Node.Namespace,
                ClusterCidrs = [IPNetwork.Parse("10.244.0.0/16")],
                MinSyncPeriod = TimeSpan.Zero,
            },
            NullLoggerFactory.Instance,
            CancellationToken.None);
        await proxy.WaitForFirstSyncAsync().WaitAsync(TimeSpan.FromSeconds(30));
        return proxy;
    }

    private List<string> Tables()
    {
        using var connection = NftablesConnection.Open(rig.Network.Node.Namespace);
        return [.. connection.Tables().Select(table => table.Table.Name).Where(name => name is "kube-proxy" || name.StartsWith("dataplane", StringComparison.Ordinal))];
    }

    private async Task<string> GetAsync(string source, string address, int port, string path)
    {
        using var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellation) =>
            {
                var socket = rig.Network[source].Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        try
        {
            using var answer = await client.GetAsync(new Uri($"http://{address}:{port}{path}"));
            return await answer.Content.ReadAsStringAsync();
        }
        catch (HttpRequestException refused)
        {
            return refused.Message;
        }
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await condition())
        {
            await Task.Delay(10, limit.Token);
        }
    }

    private sealed class Feed : IClusterFeed
    {
        public Task RunAsync(IClusterListener listener, CancellationToken cancellation)
        {
            Tell(listener, "web", "10.96.0.1", 30080, "Cluster");
            Tell(listener, "checked", "10.96.0.2", 30081, "Local");
            listener.Tell(null);
            listener.Synced();
            return Task.CompletedTask;
        }

        private static void Tell(IClusterListener listener, string name, string clusterIP, int nodePort, string policy)
        {
            listener.Tell(new NamespacedName("ns", name), new Service
            {
                Metadata = new ObjectMeta { Namespace = "ns", Name = name },
                Spec = new ServiceSpec
                {
                    Type = "LoadBalancer",
                    ClusterIP = clusterIP,
                    Ports = [new ServicePort { Port = 80, NodePort = nodePort }],
                    ExternalTrafficPolicy = policy,
                    HealthCheckNodePort = policy == "Local" ? 32000 : 0,
                },
            });
            listener.Tell(new NamespacedName("ns", name + "-1"), new EndpointSlice
            {
                Metadata = new ObjectMeta { Namespace = "ns", Name = name + "-1", Labels = new() { ["kubernetes.io/service-name"] = name } },
                AddressType = "IPv4",
                Ports = [new EndpointPort { Port = 8080 }],
                Endpoints = [Cluster.Endpoint("10.244.1.5 here")],
            });
        }
    }
}
