using System.Collections.Immutable;
using System.Net;
using Dataplane.Api.Client;
using Dataplane.Linux.Namespaces;
using Dataplane.Proxy.Configuration;
using Dataplane.Proxy.ConnectionTracking;
using Dataplane.Proxy.Feeds;
using Dataplane.Proxy.Ipvs;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy;

/// <summary>Configuration of one node's proxy. Defaults are kube-proxy's.</summary>
public sealed record ProxyOptions
{
    internal const int DefaultMasqueradeBit = 14;

    /// <summary>The API server. Traffic to it leaves from the process's own network namespace. Null only beside a <see cref="Feed"/>.</summary>
    public KubeConfig? KubeConfig { get; init; }

    /// <summary>Who tells of the cluster in the API server's place.</summary>
    public IClusterFeed? Feed { get; init; }

    /// <summary>The node, as its Node object and EndpointSlices name it.</summary>
    public required string NodeName { get; init; }

    /// <summary>How to forward; <see cref="ProxyModes.Names"/> lists what is built.</summary>
    public string Mode { get; init; } = "nftables";

    /// <summary>The node's network namespace, where rules and ports are made; null for the process's own.</summary>
    public NetworkNamespace? Namespace { get; init; }

    /// <summary>Pods' addresses, one network for each family; sources outside are masqueraded on their way to a ClusterIP. Empty: no source is.</summary>
    public ImmutableArray<IPNetwork> ClusterCidrs { get; init; } = [];

    /// <summary>Other ways to tell pods; null tells them by <see cref="ClusterCidrs"/>.</summary>
    public LocalDetector? LocalDetector { get; init; }

    /// <summary>/healthz and /livez; null for none.</summary>
    public IPEndPoint? HealthzBindAddress { get; init; } = new(IPAddress.Any, 10256);

    /// <summary>/metrics, /proxyMode and /healthz; null for none.</summary>
    public IPEndPoint? MetricsBindAddress { get; init; } = new(IPAddress.Loopback, 10249);

    /// <summary>A port that cannot be bound ends the start; else it is logged and tried again every few seconds.</summary>
    public bool BindAddressHardFail { get; init; }

    /// <summary>Settings of connection tracking.</summary>
    public ConntrackOptions Conntrack { get; init; } = new();

    /// <summary>Configuration of mode ipvs.</summary>
    public IpvsOptions Ipvs { get; init; } = new();

    /// <summary>Where the other options come from: what /configz shows.</summary>
    public ProxyConfiguration Configuration { get; init; } = ProxyConfiguration.Default;

    /// <summary>The least time between two syncs. The first change after a quiet interval is put into force at once.</summary>
    public TimeSpan MinSyncPeriod { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often to make sure that the rules are still there; also the longest back-off.</summary>
    public TimeSpan SyncPeriod { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>NodePorts answer on the node's addresses in these networks; empty for all.</summary>
    public ImmutableArray<IPNetwork> NodePortAddresses { get; init; } = [];

    /// <summary>NodePorts answer on the addresses its Node object names first, and no others (nodePortAddresses "primary").</summary>
    public bool PrimaryNodePorts { get; init; }

    /// <summary>The node's primary address of its family, in the place of what its Node object says; null for that.</summary>
    public IPAddress? NodeAddress { get; init; }

    /// <summary>NodePorts answer on loopback addresses too. kube-proxy does so in iptables mode and for IPv4 only.</summary>
    public bool LocalhostNodePorts { get; init; }

    /// <summary>Masquerade every connection to a ClusterIP.</summary>
    public bool MasqueradeAll { get; init; }

    /// <summary>Bit of the packet mark that asks for masquerading, 0 to 31.</summary>
    public int MasqueradeBit { get; init; } = DefaultMasqueradeBit;

    internal PlanningOptions Planning => new()
    {
        LocalDetector = LocalDetector ?? (ClusterCidrs.IsEmpty ? LocalDetector.None : new LocalDetector.Networks(ClusterCidrs)),
        MasqueradeAll = MasqueradeAll,
        NodePortNetworks = NodePortAddresses,
        PrimaryNodePorts = PrimaryNodePorts,
        LocalhostNodePorts = LocalhostNodePorts,
        NodeAddress = NodeAddress,
    };
}
