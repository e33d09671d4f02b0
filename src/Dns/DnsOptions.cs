using System.Net;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Dns.Zones;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Dns;

/// <summary>An address to serve on, by UDP and TCP, and the network namespace its sockets are made in (null: the process's own).</summary>
public sealed record DnsListenAddress(IPEndPoint Address, NetworkNamespace? Namespace = null);

/// <summary>Configuration of the cluster's DNS server.</summary>
public sealed record DnsOptions
{
    /// <summary>Where the cluster's objects come from, unless a Corefile says; null is the pod's service account.</summary>
    public KubeConfig? KubeConfig { get; init; }

    /// <summary>A Corefile. With one the options below count for nothing but <see cref="UdpThreads"/> and the namespaces.</summary>
    public string? Corefile { get; init; }

    /// <summary>The port of a Corefile's zones that name none.</summary>
    public int DefaultPort { get; init; } = 53;

    /// <summary>At least one; port 0 takes a free port, the same for UDP and TCP.</summary>
    public IReadOnlyList<DnsListenAddress> Listen { get; init; } = [];

    /// <summary>The cluster's domain.</summary>
    public string Zone { get; init; } = "cluster.local";

    /// <summary>Seconds that clients may keep an answer about the cluster. kubeadm's Corefile says 30.</summary>
    public uint Ttl { get; init; } = 5;

    public PodRecordMode Pods { get; init; } = PodRecordMode.Insecure;

    /// <summary>
    /// Networks whose reverse names this server alone knows: an unknown address in one does not exist. Prefixes of whole bytes
    /// for IPv4, whole nibbles for IPv6. Reverse names elsewhere go upstream when the cluster has no such address.
    /// </summary>
    public IReadOnlyList<IPNetwork> ReverseNetworks { get; init; } = [];

    /// <summary>The service whose cluster addresses <c>ns.dns.ZONE</c> has; without it, the addresses listened on.</summary>
    public NamespacedName NameServerService { get; init; } = new("kube-system", "kube-dns");

    /// <summary>Servers for other zones, in the order they are tried. Null takes those of /etc/resolv.conf, an empty list refuses other zones.</summary>
    public IReadOnlyList<IPEndPoint>? Upstreams { get; init; }

    /// <summary>Where upstream sockets are made; null is the process's own namespace.</summary>
    public NetworkNamespace? ForwardNamespace { get; init; }

    /// <summary>Threads and sockets an address has for UDP.</summary>
    public int UdpThreads { get; init; } = Environment.ProcessorCount;

    /// <summary>How long the server answers on after it was told to stop, saying on /health that it is unwell.</summary>
    public TimeSpan LameDuck { get; init; }

    /// <summary>Where the HTTP ports below, and a Corefile's servers, listen; null is the process's own namespace.</summary>
    public NetworkNamespace? Namespace { get; init; }

    /// <summary>Serves /health, which says that the process is up. Addresses that are equal share one port.</summary>
    public IPEndPoint? HealthAddress { get; init; }

    /// <summary>Serves /ready, which says that all lists are in.</summary>
    public IPEndPoint? ReadyAddress { get; init; }

    /// <summary>Serves /metrics under CoreDNS's names.</summary>
    public IPEndPoint? MetricsAddress { get; init; }
}
