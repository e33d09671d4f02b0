using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Dataplane.Api.Client;
using Dataplane.Linux.Namespaces;
using Dataplane.Proxy.ConnectionTracking;
using Dataplane.Proxy.Ipvs;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Configuration;

/// <summary>What kube-proxy's settings come to. Every complaint names the setting by its path.</summary>
public static class ConfiguredOptions
{
    private const string DefaultMode = "nftables";

    /// <param name="configuration">The settings.</param>
    /// <param name="kubeConfig">How to reach the API server.</param>
    /// <param name="networkNamespace">Where to work; null for the process's own.</param>
    /// <exception cref="FormatException">A setting that makes no sense, alone or beside another.</exception>
    public static ProxyOptions Of(ProxyConfiguration configuration, KubeConfig kubeConfig, NetworkNamespace? networkNamespace)
    {
        var mode = configuration.Text("mode") is { Length: > 0 } named ? named : DefaultMode;
        var faults = ConfigurationChecks.Faults(configuration, mode).ToList();
        if (faults.Count > 0)
        {
            throw new FormatException(string.Join("; ", faults));
        }

        var nodePorts = configuration.List("nodePortAddresses");
        var primary = nodePorts is ["primary"] || (nodePorts.IsEmpty && mode == "nftables");
        return new ProxyOptions
        {
            KubeConfig = kubeConfig,
            NodeName = (configuration.Text("hostnameOverride") is { Length: > 0 } name ? name : Dns.GetHostName()).Trim().ToLowerInvariant(),
            Mode = mode,
            Namespace = networkNamespace,
            ClusterCidrs = Networks(configuration, "clusterCIDR"),
            LocalDetector = Detector(configuration),
            HealthzBindAddress = Address(configuration, "healthzBindAddress", 10256),
            MetricsBindAddress = Address(configuration, "metricsBindAddress", 10249),
            BindAddressHardFail = configuration.Flag("bindAddressHardFail"),
            PrimaryNodePorts = primary,
            NodePortAddresses = primary ? [] : Networks(configuration, "nodePortAddresses"),
            LocalhostNodePorts = mode == "iptables" && configuration.Flag("iptables.localhostNodePorts"),
            MasqueradeAll = configuration.Flag(OfMode(configuration, mode, "masqueradeAll")),
            MasqueradeBit = InRange(configuration, OfMode(configuration, mode, "masqueradeBit"), 0, 31),
            MinSyncPeriod = configuration.Duration(OfMode(configuration, mode, "minSyncPeriod")),
            SyncPeriod = configuration.Duration(OfMode(configuration, mode, "syncPeriod")),
            NodeAddress = IPAddress.Parse(configuration.Text("bindAddress")) is var address && AddressChecks.IsUnspecified(address) ? null : address,
            Ipvs = new IpvsOptions
            {
                Scheduler = Scheduler(configuration),
                StrictArp = configuration.Flag("ipvs.strictARP"),
                ExcludedCidrs = Networks(configuration, "ipvs.excludeCIDRs"),
                TcpTimeout = Timeout(configuration, "ipvs.tcpTimeout"),
                TcpFinTimeout = Timeout(configuration, "ipvs.tcpFinTimeout"),
                UdpTimeout = Timeout(configuration, "ipvs.udpTimeout"),
            },
            Conntrack = new ConntrackOptions
            {
                MaxPerCore = configuration.Number("conntrack.maxPerCore"),
                Min = configuration.Number("conntrack.min"),
                TcpBeLiberal = configuration.Flag("conntrack.tcpBeLiberal"),
                TcpCloseWaitTimeout = configuration.Duration("conntrack.tcpCloseWaitTimeout"),
                TcpEstablishedTimeout = configuration.Duration("conntrack.tcpEstablishedTimeout"),
                UdpTimeout = configuration.Duration("conntrack.udpTimeout"),
                UdpStreamTimeout = configuration.Duration("conntrack.udpStreamTimeout"),
            },
            Configuration = configuration,
        };
    }

    // Flags exist for the iptables settings alone; they hold for every mode that has none of its own set.
    internal static string OfMode(ProxyConfiguration configuration, string mode, string setting) =>
        mode == "nftables" && configuration.IsSet($"nftables.{setting}") ? $"nftables.{setting}"
        : mode == "ipvs" && (setting is "syncPeriod" or "minSyncPeriod") ? $"ipvs.{setting}"
        : $"iptables.{setting}";

    private static string Scheduler(ProxyConfiguration configuration) => configuration.Text("ipvs.scheduler") is { Length: > 0 } name
        ? Schedulers.Known.Contains(name) ? name : throw new FormatException($"ipvs.scheduler: \"{name}\" is none of {string.Join(", ", Schedulers.Known.Order())}")
        : IpvsOptions.DefaultScheduler;

    // The kernel's unit is the second; less than one would mean that it stays as it is.
    private static TimeSpan Timeout(ProxyConfiguration configuration, string path) => configuration.Duration(path) is var timeout && (timeout == TimeSpan.Zero || timeout >= TimeSpan.FromSeconds(1))
        ? timeout
        : throw new FormatException($"{path}: must be 0 or at least 1s");

    private static LocalDetector? Detector(ProxyConfiguration configuration)
    {
        return configuration.Text("detectLocalMode") switch
        {
            "" or "ClusterCIDR" => null,
            "NodeCIDR" => LocalDetector.NodeCidrs,
            "BridgeInterface" => new LocalDetector.Interface(Required("detectLocal.bridgeInterface"), IsPrefix: false),
            "InterfaceNamePrefix" => new LocalDetector.Interface(Required("detectLocal.interfaceNamePrefix"), IsPrefix: true),
            var mode => throw new FormatException($"detectLocalMode: \"{mode}\" is none of ClusterCIDR, NodeCIDR, BridgeInterface, InterfaceNamePrefix"),
        };

        string Required(string path) => configuration.Text(path) is { Length: > 0 } text ? text : throw new FormatException($"{path}: missing");
    }

    private static ImmutableArray<IPNetwork> Networks(ProxyConfiguration configuration, string path)
    {
        var networks = ImmutableArray.CreateBuilder<IPNetwork>();
        foreach (var text in configuration.List(path))
        {
            networks.Add(AddressChecks.TryParseNetwork(text, out var network) ? network : throw new FormatException($"{path}: \"{text}\" is no CIDR"));
        }

        return networks.ToImmutable();
    }

    private static IPEndPoint? Address(ProxyConfiguration configuration, string path, int defaultPort)
    {
        var text = configuration.Text(path);
        return text.Length == 0 ? null
            : IPEndPoint.TryParse(text, out var address) ? (address.Port == 0 && !HasPort(text, address) ? new IPEndPoint(address.Address, defaultPort) : address)
            : throw new FormatException($"{path}: \"{text}\" is no address and port");
    }

    private static bool HasPort(string text, IPEndPoint address) =>
        text.EndsWith(":0", StringComparison.Ordinal) && (address.AddressFamily == AddressFamily.InterNetwork || text.StartsWith('['));

    private static int InRange(ProxyConfiguration configuration, string path, int least, int most) => configuration.Number(path) is var number && number >= least && number <= most
        ? number
        : throw new FormatException($"{path}: must be {least} to {most}");
}
