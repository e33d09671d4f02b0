using System.Net;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Proxy.Configuration;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Tests.Configuration;

public class ConfigurationFileTests
{
    private static readonly KubeConfig Server = new() { Server = new Uri("https://127.0.0.1:6443/") };

    // What kubeadm 1.32 writes into the ConfigMap kube-system/kube-proxy.
    private const string Kubeadm = """
        apiVersion: kubeproxy.config.k8s.io/v1alpha1
        bindAddress: 0.0.0.0
        bindAddressHardFail: false
        clientConnection:
          acceptContentTypes: ""
          burst: 0
          contentType: ""
          kubeconfig: /var/lib/kube-proxy/kubeconfig.conf
          qps: 0
        clusterCIDR: 10.244.0.0/16,fd00:10:244::/56
        configSyncPeriod: 0s
        conntrack:
          maxPerCore: null
          min: null
          tcpBeLiberal: false
          tcpCloseWaitTimeout: null
          tcpEstablishedTimeout: null
          udpStreamTimeout: 0s
          udpTimeout: 0s
        detectLocal:
          bridgeInterface: ""
          interfaceNamePrefix: ""
        detectLocalMode: ""
        enableProfiling: false
        healthzBindAddress: ""
        hostnameOverride: ""
        iptables:
          localhostNodePorts: null
          masqueradeAll: false
          masqueradeBit: null
          minSyncPeriod: 0s
          syncPeriod: 0s
        ipvs:
          excludeCIDRs: null
          minSyncPeriod: 0s
          scheduler: ""
          strictARP: false
          syncPeriod: 0s
          tcpFinTimeout: 0s
          tcpTimeout: 0s
          udpTimeout: 0s
        kind: KubeProxyConfiguration
        logging:
          flushFrequency: 0
          options:
            json:
              infoBufferSize: "0"
          verbosity: 0
        metricsBindAddress: ""
        mode: ""
        nftables:
          masqueradeAll: false
          masqueradeBit: null
          minSyncPeriod: 0s
          syncPeriod: 0s
        nodePortAddresses: null
        oomScoreAdj: null
        portRange: ""
        showHiddenMetricsForVersion: ""
        winkernel:
          enableDSR: false
          forwardHealthCheckVip: false
          networkName: ""
          rootHnsEndpointName: ""
          sourceVip: ""
        """;

    [Fact]
    public void AFileOfKubeadmComesToKubeProxysDefaults()
    {
        var options = ConfiguredOptions.Of(Read(Kubeadm, out var unknown), Server, null);

        Assert.Empty(unknown);
        Assert.Equal("nftables", options.Mode);
        Assert.Equal(["10.244.0.0/16", "fd00:10:244::/56"], options.ClusterCidrs.Select(cidr => cidr.ToString()));
        Assert.Equal(new IPEndPoint(IPAddress.Any, 10256), options.HealthzBindAddress);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 10249), options.MetricsBindAddress);
        Assert.Equal((14, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30)), (options.MasqueradeBit, options.MinSyncPeriod, options.SyncPeriod));
        Assert.Equal(131072, options.Conntrack.MaxFor(2));
        Assert.Equal(32768 * 64, options.Conntrack.MaxFor(64));
        Assert.True(options.PrimaryNodePorts);
        Assert.Null(options.LocalDetector);
    }

    [Fact]
    public void EverySettingSurvivesWritingAndReading()
    {
        var configuration = ConfigFields.All.Aggregate(ProxyConfiguration.Default, (all, field) => all.With(field, field.Kind switch
        {
            ConfigKind.Flag => "true",
            ConfigKind.Number => "7",
            ConfigKind.Fraction => "2.5",
            ConfigKind.Duration => "1h2m3s",
            ConfigKind.List => "10.0.0.0/8,fd00::/8",
            ConfigKind.Map => "A=true,B=false",
            _ => "a \"b\" \\ c",
        }));
        var written = new StringWriter();
        ConfigurationFile.Write(configuration, written);
        var read = Read(written.ToString(), out var unknown);

        Assert.Empty(unknown);
        foreach (var field in ConfigFields.All)
        {
            Assert.Equal((field.Path, configuration.Text(field.Path)), (field.Path, read.Text(field.Path)));
        }
    }

    [Fact]
    public void DefaultsSurviveToo()
    {
        var written = new StringWriter();
        ConfigurationFile.Write(ProxyConfiguration.Default, written);
        var read = Read(written.ToString(), out _);

        Assert.All(ConfigFields.All, field => Assert.Equal((field.Path, field.Default), (field.Path, read.Text(field.Path))));
    }

    [Theory]
    [InlineData("mode: iptables", "iptables", true, false)]
    [InlineData("mode: iptables\niptables: {localhostNodePorts: false}", "iptables", false, false)]
    [InlineData("mode: nftables", "nftables", false, true)]
    [InlineData("mode: nftables\nnodePortAddresses: [0.0.0.0/0]", "nftables", false, false)]
    [InlineData("mode: userspace\nnodePortAddresses: [primary]", "userspace", false, true)]
    public void NodePortsFollowTheMode(string lines, string mode, bool localhost, bool primary)
    {
        var options = ConfiguredOptions.Of(Read(Header + lines, out _), Server, null);

        Assert.Equal((mode, localhost, primary), (options.Mode, options.LocalhostNodePorts, options.PrimaryNodePorts));
    }

    [Theory]
    [InlineData("detectLocalMode: NodeCIDR", null)]
    [InlineData("detectLocalMode: BridgeInterface\ndetectLocal: {bridgeInterface: cni0}", "cni0")]
    [InlineData("detectLocalMode: InterfaceNamePrefix\ndetectLocal: {interfaceNamePrefix: veth}", "veth")]
    public void PodsAreToldByTheModeAskedFor(string lines, string? name)
    {
        var detector = ConfiguredOptions.Of(Read(Header + lines, out _), Server, null).LocalDetector;

        Assert.Equal(name, (detector as LocalDetector.Interface)?.Name);
        Assert.NotNull(detector);
    }

    [Fact]
    public void SettingsOfTheModeGoBeforeThoseOfIptables()
    {
        var options = ConfiguredOptions.Of(Read(Header + "mode: nftables\niptables: {masqueradeBit: 3}\nnftables: {masqueradeBit: 5, minSyncPeriod: 250ms}", out _), Server, null);

        Assert.Equal((5, TimeSpan.FromMilliseconds(250)), (options.MasqueradeBit, options.MinSyncPeriod));
    }

    [Fact]
    public void UnknownFieldsAreNamedAndTheOthersTaken()
    {
        var read = Read(Header + "mode: iptables\nudpIdleTimeout: 250ms\niptables:\n  masqueradBit: 3\n  masqueradeAll: true\n", out var unknown);

        Assert.Equal(["udpIdleTimeout", "iptables.masqueradBit"], unknown);
        Assert.True(read.Flag("iptables.masqueradeAll"));
    }

    [Theory]
    [InlineData("apiVersion: v1\nkind: ConfigMap\n", "config.conf: apiVersion: \"v1\" where kubeproxy.config.k8s.io/v1alpha1 is due")]
    [InlineData(Header + "iptables: {syncPeriod: soon}", "config.conf: iptables.syncPeriod: \"soon\" is not a duration such as 30s, 250ms or 1m30s")]
    [InlineData(Header + "conntrack: {maxPerCore: many}", "config.conf: conntrack.maxPerCore: \"many\" is not a whole number")]
    [InlineData(Header + "nodePortAddresses: primary", "config.conf: nodePortAddresses: line 3: not a list of texts")]
    [InlineData(Header + "nodePortAddresses: [10.0.0.300/8]", "nodePortAddresses: \"10.0.0.300/8\" is no CIDR")]
    [InlineData(Header + "iptables: {masqueradeBit: 32}", "iptables.masqueradeBit: must be 0 to 31")]
    [InlineData(Header + "healthzBindAddress: here", "healthzBindAddress: \"here\" is no address and port")]
    [InlineData(Header + "detectLocalMode: Guess", "detectLocalMode: \"Guess\" is none of ClusterCIDR, NodeCIDR, BridgeInterface, InterfaceNamePrefix")]
    [InlineData(Header + "detectLocalMode: BridgeInterface", "detectLocal.bridgeInterface: missing")]
    [InlineData(Header + "oomScoreAdj: 1001", "oomScoreAdj: must be within the range [-1000, 1000]")]
    [InlineData(Header + "bindAddress: 10.0.12.11:2000", "bindAddress: \"10.0.12.11:2000\" is not a valid textual representation of an IP address")]
    [InlineData(Header + "clusterCIDR: 10.0.0.0/16,10.1.0.0/16", "clusterCIDR: must be a valid DualStack CIDR (e.g. 10.100.0.0/16,fde4:8dba:82e1::/48)")]
    [InlineData(Header + "clusterCIDR: 10.0.0.0/16,fd00::/48,10.1.0.0/16", "clusterCIDR: only one CIDR allowed or a valid DualStack CIDR (e.g. 10.100.0.0/16,fde4:8dba:82e1::/48)")]
    [InlineData(Header + "mode: nftables\nnftables: {syncPeriod: 1s, minSyncPeriod: 2s}", "nftables.syncPeriod: must be greater than or equal to nftables.minSyncPeriod")]
    [InlineData(Header + "conntrack: {maxPerCore: -1, min: -2}", "conntrack.maxPerCore: must be greater than or equal to 0; conntrack.min: must be greater than or equal to 0")]
    [InlineData(Header + "clientConnection: {burst: -5}", "clientConnection.burst: must be greater than or equal to 0")]
    [InlineData(Header + "nodePortAddresses: [primary, 10.0.0.0/8]", "nodePortAddresses: can't use both \"primary\" and CIDRs")]
    [InlineData(Header + "ipvs: {scheduler: fastest}\nmode: ipvs\nconfigSyncPeriod: 1s\noomScoreAdj: -2000", "oomScoreAdj: must be within the range [-1000, 1000]")]
    [InlineData("- a\n", "config.conf: not a YAML mapping")]
    public void WhatIsWrongIsNamed(string file, string message)
    {
        var failure = Assert.Throws<FormatException>(() => ConfiguredOptions.Of(Read(file, out _), Server, null));

        Assert.Equal(message, failure.Message);
    }

    [Theory]
    [InlineData("mode: iptables", "nodePortAddresses: unset; NodePorts answer on all local addresses. Consider --nodeport-addresses primary")]
    [InlineData("mode: iptables\nclusterCIDR: 10.0.0.0/8,fd00::/48\nnodePortAddresses: [172.30.0.0/24]",
        "nodePortAddresses: no network of IPv6, which the cluster has; its NodePorts answer on all local addresses")]
    [InlineData("mode: iptables\nclusterCIDR: 10.0.0.0/8\nnodePortAddresses: [172.30.0.0/24]", "")]
    [InlineData("mode: nftables", "")]
    public void WhatIsSeldomMeantIsSaid(string lines, string doubts)
    {
        var configuration = Read(Header + lines, out _);

        Assert.Equal(doubts, string.Join('\n', ConfigurationChecks.Doubts(configuration, ConfiguredOptions.Of(configuration, Server, null))));
    }

    [Theory]
    [InlineData("bindAddress: 192.0.2.7", "192.0.2.7")]
    [InlineData("bindAddress: 0.0.0.0", null)]
    [InlineData("bindAddress: '::'", null)]
    public void TheBindAddressIsTheNodes(string lines, string? address) =>
        Assert.Equal(address, ConfiguredOptions.Of(Read(Header + lines, out _), Server, null).NodeAddress?.ToString());

    [Theory]
    [InlineData("15m0s", 900)]
    [InlineData("24h0m0s", 86400)]
    [InlineData("30s", 30)]
    [InlineData("250ms", 0.25)]
    [InlineData("1h2m3s", 3723)]
    [InlineData("0s", 0)]
    public void DurationsAreWrittenAsGoWritesThem(string text, double seconds)
    {
        Assert.Equal(TimeSpan.FromSeconds(seconds), GoDuration.Parse(text));
        Assert.Equal(text, GoDuration.Format(TimeSpan.FromSeconds(seconds)));
    }

    private const string Header = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";

    private static ProxyConfiguration Read(string text, out List<string> unknown)
    {
        var named = new List<string>();
        unknown = named;
        return ConfigurationFile.Read("config.conf", new StringReader(text), named.Add);
    }
}
