using System.Net.Sockets;
using Dataplane.Netlink.Nftables;
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
            await TestProxy.UntilAsync(async () => await TryConnectAsync("pod-c tcp 10.96.0.1:80 > a") == "a");
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

        Assert.Contains("\"nodeEligible\":true", await GetAsync("client", "172.30.0.11", 10256, "/healthz"), StringComparison.Ordinal);
        await TestProxy.UntilAsync(async () => (await GetAsync("client", "172.30.0.11", 32000, "/")).Contains("\"localEndpoints\":1", StringComparison.Ordinal));
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

    private Task<NodeProxy> StartAsync(string mode) => TestProxy.StartAsync(rig.Network, mode);

    private List<string> Tables()
    {
        using var connection = NftablesConnection.Open(rig.Network.Node.Namespace);
        return [.. connection.Tables().Select(table => table.Table.Name).Where(name => name is "kube-proxy" || name.StartsWith("dataplane", StringComparison.Ordinal))];
    }

    private Task<string> GetAsync(string source, string address, int port, string path) => TestProxy.GetAsync(rig.Network[source], address, port, path);

    private static Task UntilAsync(Func<bool> condition) => TestProxy.UntilAsync(() => Task.FromResult(condition()));
}
