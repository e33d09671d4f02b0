using System.Collections.Frozen;
using System.Collections.Immutable;
using static Dataplane.Proxy.Configuration.ConfigKind;

namespace Dataplane.Proxy.Configuration;

/// <summary>
/// Every setting kube-proxy 1.36 knows, with its default. Source: kubernetes pkg/proxy/apis/config/v1alpha1 (types, defaults) and
/// cmd/kube-proxy/app/options.go (flags).
/// </summary>
public static class ConfigFields
{
    /// <summary>In the order in which a file is written.</summary>
    public static ImmutableArray<ConfigField> All { get; } =
    [
        new("bindAddress", Text, "0.0.0.0", "bind-address", "The node's primary address, in the place of what its Node object says; nothing is bound to it.") { EmptyMeansDefault = true },
        new("bindAddressHardFail", Flag, "false", "bind-address-hard-fail", "A port that is taken ends the program; else it is logged."),
        new("clientConnection.acceptContentTypes", Text, ""),
        new("clientConnection.burst", Number, "10", "kube-api-burst"),
        new("clientConnection.contentType", Text, "application/vnd.kubernetes.protobuf", "kube-api-content-type"),
        new("clientConnection.kubeconfig", Text, "", "kubeconfig", "How to reach the API server; the pod's service account if left out."),
        new("clientConnection.qps", Fraction, "5", "kube-api-qps"),
        new("clusterCIDR", Text, "", "cluster-cidr", "Pods' addresses: a CIDR, or one of each family separated by a comma."),
        new("configSyncPeriod", Duration, "15m0s", "config-sync-period") { EmptyMeansDefault = true },
        new("conntrack.maxPerCore", Number, "32768", "conntrack-max-per-core", "Tracked connections for each processor; 0 leaves the limit alone."),
        new("conntrack.min", Number, "131072", "conntrack-min", "At least so many tracked connections."),
        new("conntrack.tcpBeLiberal", Flag, "false", "conntrack-tcp-be-liberal", "Let packets outside a connection's window through."),
        new("conntrack.tcpCloseWaitTimeout", Duration, "1h0m0s", "conntrack-tcp-timeout-close-wait", "How long a half-closed connection is tracked."),
        new("conntrack.tcpEstablishedTimeout", Duration, "24h0m0s", "conntrack-tcp-timeout-established", "How long an idle connection is tracked."),
        new("conntrack.udpStreamTimeout", Duration, "0s", "conntrack-udp-timeout-stream", "How long an idle UDP flow with answers is tracked; 0 leaves it alone."),
        new("conntrack.udpTimeout", Duration, "0s", "conntrack-udp-timeout", "How long an unanswered UDP flow is tracked; 0 leaves it alone."),
        new("detectLocal.bridgeInterface", Text, "", "pod-bridge-interface", "The bridge pods are on, for BridgeInterface."),
        new("detectLocal.interfaceNamePrefix", Text, "", "pod-interface-name-prefix", "How pods' interfaces begin, for InterfaceNamePrefix."),
        new("detectLocalMode", Text, "", "detect-local-mode", "How to tell pods' traffic: ClusterCIDR, NodeCIDR, BridgeInterface or InterfaceNamePrefix."),
        new("enableProfiling", Flag, "false", "profiling"),
        new("featureGates", Map, "", "feature-gates"),
        new("healthzBindAddress", Text, "0.0.0.0:10256", "healthz-bind-address", "Where /healthz and /livez answer; an empty flag for nowhere.") { EmptyMeansDefault = true },
        new("hostnameOverride", Text, "", "hostname-override", "The node's name; the host's name if left out."),
        new("iptables.localhostNodePorts", Flag, "true", "iptables-localhost-nodeports", "NodePorts answer on 127.0.0.1 in mode iptables."),
        new("iptables.masqueradeAll", Flag, "false", "masquerade-all", "Masquerade every connection to a ClusterIP."),
        new("iptables.masqueradeBit", Number, "14", "iptables-masquerade-bit", "Bit of the packet mark that asks for masquerading, 0 to 31."),
        new("iptables.minSyncPeriod", Duration, "1s", "iptables-min-sync-period", "The least time between two syncs.") { EmptyMeansDefault = true },
        new("iptables.syncPeriod", Duration, "30s", "iptables-sync-period", "How often to make sure that the rules are there.") { EmptyMeansDefault = true },
        new("ipvs.excludeCIDRs", List, "", "ipvs-exclude-cidrs"),
        new("ipvs.minSyncPeriod", Duration, "1s", "ipvs-min-sync-period") { EmptyMeansDefault = true },
        new("ipvs.scheduler", Text, "", "ipvs-scheduler"),
        new("ipvs.strictARP", Flag, "false", "ipvs-strict-arp"),
        new("ipvs.syncPeriod", Duration, "30s", "ipvs-sync-period") { EmptyMeansDefault = true },
        new("ipvs.tcpFinTimeout", Duration, "0s", "ipvs-tcpfin-timeout"),
        new("ipvs.tcpTimeout", Duration, "0s", "ipvs-tcp-timeout"),
        new("ipvs.udpTimeout", Duration, "0s", "ipvs-udp-timeout"),
        new("logging", Map, ""),
        new("metricsBindAddress", Text, "127.0.0.1:10249", "metrics-bind-address", "Where /metrics and /proxyMode answer; an empty flag for nowhere.") { EmptyMeansDefault = true },
        new("mode", Text, "", "proxy-mode", "How to forward; nftables if left out."),
        new("nftables.masqueradeAll", Flag, "false"),
        new("nftables.masqueradeBit", Number, "14"),
        new("nftables.minSyncPeriod", Duration, "1s") { EmptyMeansDefault = true },
        new("nftables.syncPeriod", Duration, "30s") { EmptyMeansDefault = true },
        new("nodePortAddresses", List, "", "nodeport-addresses", "Networks that NodePorts answer on, or \"primary\"; in mode nftables primary if left out, else all."),
        new("oomScoreAdj", Number, "-999", "oom-score-adj", "The program's /proc/self/oom_score_adj."),
        new("portRange", Text, "", "proxy-port-range"),
        new("showHiddenMetricsForVersion", Text, "", "show-hidden-metrics-for-version"),
        new("windowsRunAsService", Flag, "false"),
        new("winkernel.enableDSR", Flag, "false"),
        new("winkernel.forwardHealthCheckVip", Flag, "false"),
        new("winkernel.networkName", Text, ""),
        new("winkernel.rootHnsEndpointName", Text, ""),
        new("winkernel.sourceVip", Text, ""),
    ];

    /// <summary>By path.</summary>
    public static FrozenDictionary<string, ConfigField> ByPath { get; } = All.ToFrozenDictionary(field => field.Path);
}
