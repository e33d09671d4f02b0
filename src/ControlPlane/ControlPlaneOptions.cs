using System.Net;
using Dataplane.Linux.Namespaces;

namespace Dataplane.ControlPlane;

/// <summary>An address the API server listens on, in a network namespace.</summary>
/// <param name="Address">Address and port; port 0 takes a free one.</param>
/// <param name="Namespace">Where the socket is made; null is the process's own namespace.</param>
public sealed record ListenAddress(IPEndPoint Address, NetworkNamespace? Namespace = null);

/// <summary>Opens a TCP connection to an address of the cluster's network.</summary>
/// <exception cref="System.Net.Sockets.SocketException">Nobody answers there.</exception>
public delegate ValueTask<Stream> Dialer(IPEndPoint target, CancellationToken cancellation);

/// <summary>Configuration of a control plane.</summary>
public sealed record ControlPlaneOptions
{
    /// <summary>Keys, certificates and the store's file; null keeps everything in memory.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>"sqlite" (state.db in <see cref="DataDirectory"/>), "memory" or "etcd".</summary>
    public string Store { get; init; } = "sqlite";

    /// <summary>Where etcd is, when <see cref="Store"/> is "etcd".</summary>
    public EtcdOptions? Etcd { get; init; }

    /// <summary>How many of the last writes the memory store still knows, for watches that resume and lists in pieces.</summary>
    internal int MemoryHistory { get; init; } = 8192;

    /// <summary>Whether controllers and the scheduler run beside the server; without them only clients write.</summary>
    internal bool Controllers { get; init; } = true;

    /// <summary>The clock of everything that waits or expires; tests move their own.</summary>
    internal TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where to listen. The first address is the one in the kubeconfig.</summary>
    public IReadOnlyList<ListenAddress> Listen { get; init; } = [new(new IPEndPoint(IPAddress.Loopback, 6443))];

    /// <summary>Names and addresses of the server's certificate beyond the usual ones.</summary>
    public IReadOnlyList<string> CertificateNames { get; init; } = [];

    /// <summary>Where ClusterIPs come from. Its first address is that of the Service "kubernetes".</summary>
    public IPNetwork ServiceCidr { get; init; } = IPNetwork.Parse("10.96.0.0/16");

    /// <summary>Who issues the tokens of service accounts: a URL below which, with /.well-known/openid-configuration, verifiers find the key.</summary>
    public string ServiceAccountIssuer { get; init; } = "https://kubernetes.default.svc.cluster.local";

    /// <summary>PEM file with roots of client certificates beside the cluster's own; null for none.</summary>
    public string? ClientAuthorityFile { get; init; }

    /// <summary>PEM file with the server's certificate and what leads to its authority; null serves one of the cluster's own authority.</summary>
    public string? ServingCertificateFile { get; init; }

    /// <summary>PEM file with the key of <see cref="ServingCertificateFile"/>.</summary>
    public string? ServingKeyFile { get; init; }

    /// <summary>Bearer tokens, lines of <c>token,user,uid,"group1,group2"</c>; null for none.</summary>
    public string? TokenFile { get; init; }

    /// <summary>How long a node may be silent before it is marked.</summary>
    public TimeSpan NodeMonitorGracePeriod { get; init; } = TimeSpan.FromSeconds(50);

    /// <summary>Ended pods that may lie about; 0 for any number.</summary>
    public int TerminatedPodThreshold { get; init; } = 12500;

    /// <summary>How long a watch lasts at least whose client does not say; at most twice as long.</summary>
    public TimeSpan MinRequestTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Requests that read at a time, watches and streams apart; 0 for any number. The administrators' are not counted out.</summary>
    public int MaxRequestsInFlight { get; init; } = 400;

    /// <summary>The same for requests that write.</summary>
    public int MaxMutatingRequestsInFlight { get; init; } = 200;

    /// <summary>How long an event stays after it was last written.</summary>
    public TimeSpan EventTtl { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Where nodes that come without a pod network get one from; null leaves them without.</summary>
    public IPNetwork? ClusterCidr { get; init; }

    /// <summary>Prefix length of a node's pod network.</summary>
    public int NodeCidrMaskSize { get; init; } = 24;

    /// <summary>First and last node port.</summary>
    public (int First, int Last) NodePortRange { get; init; } = (30000, 32767);

    /// <summary>The address behind the Service "kubernetes"; null publishes the first listening address that is no loopback, if any.</summary>
    public IPEndPoint? AdvertiseAddress { get; init; }

    /// <summary>Where the administrator's kubeconfig is written, mode 0600; null writes admin.conf in the data directory.</summary>
    public string? KubeConfigPath { get; init; }

    /// <summary>The name of the cluster and of the context in the kubeconfig.</summary>
    public string ClusterName { get; init; } = "dataplane";

    /// <summary>Opens connections to kubelets; null uses the process's own network.</summary>
    public Dialer? KubeletDialer { get; init; }

    /// <summary>Opens connections to pods and to ports of nodes, for the proxy subresources; null uses the process's own network.</summary>
    public Dialer? PodDialer { get; init; }
}
