using System.Net;
using Dataplane.Api.Client;
using Dataplane.Kubelet.Network;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Kubelet;

/// <summary>Configuration of one node's agent.</summary>
public sealed record KubeletOptions
{
    /// <summary>How to reach the API server; its CA also signs the client certificates that the agent's own API accepts.</summary>
    public required KubeConfig KubeConfig { get; init; }

    public required string NodeName { get; init; }

    /// <summary>The node's InternalIP, the gateway of the other nodes' routes to its pods.</summary>
    public required IPAddress NodeIP { get; init; }

    /// <summary>Where pod addresses come from; its first address is the bridge's.</summary>
    public required IPNetwork PodCidr { get; init; }

    /// <summary>The range of the other family, on a dual-stack node.</summary>
    public IPNetwork? SecondaryPodCidr { get; init; }

    /// <summary>The node's address of the other family, on a dual-stack node.</summary>
    public IPAddress? SecondaryNodeIP { get; init; }

    /// <summary>How the pods' devices are joined.</summary>
    public PodNetworkLayout PodNetworkLayout { get; init; }

    /// <summary>Of the pods' devices, in bytes; null for what the node's own device has.</summary>
    public int? PodMtu { get; init; }

    /// <summary>How pods' packets get to other nodes.</summary>
    public NodeOverlay Overlay { get; init; }

    /// <summary>What pods reach with their own addresses; to anywhere else they go with the node's. Null for everywhere.</summary>
    public IReadOnlyList<IPNetwork>? NonMasqueradeCidrs { get; init; }

    /// <summary>Patterns of sysctls that pods may set besides the safe ones: <c>net.core.somaxconn</c>, <c>kernel.msg*</c>.</summary>
    public IReadOnlyList<string> AllowedUnsafeSysctls { get; init; } = [];

    /// <summary>Name servers of pods with dnsPolicy ClusterFirst.</summary>
    public IReadOnlyList<IPAddress> ClusterDns { get; init; } = [];

    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>The node's network namespace; null is the process's own.</summary>
    public NetworkNamespace? Namespace { get; init; }

    /// <summary>Everything the agent keeps on disk; one directory for each node.</summary>
    public required string RootDirectory { get; init; }

    /// <summary>Image names and what they stand for: <c>host</c>, a directory or a tar archive. They win over the built-in ones.</summary>
    public IReadOnlyDictionary<string, string> Images { get; init; } = new Dictionary<string, string>();

    /// <summary>HTTPS port of the agent's API; 0 takes a free one.</summary>
    public int Port { get; init; } = 10250;

    /// <summary>What runs containers: <c>process</c>, <c>docker</c> or <c>cri</c>.</summary>
    public string ContainerRuntime { get; init; } = "process";

    /// <summary>The engine's socket: <c>unix:///run/containerd/containerd.sock</c>; empty is the usual place of the runtime.</summary>
    public string ContainerRuntimeEndpoint { get; init; } = "";

    /// <summary>Docker's image that holds a pod's namespaces.</summary>
    public string PodInfraContainerImage { get; init; } = "registry.k8s.io/pause:3.10";

    /// <summary>Most processes in a container; 0 or less is no limit.</summary>
    public long PodPidsLimit { get; init; } = -1;

    /// <summary>Whether a container that asks for no seccomp profile gets the runtime's default one.</summary>
    public bool SeccompDefault { get; init; } = true;

    public int MaxPods { get; init; } = 110;

    /// <summary>HTTP port of /healthz on 127.0.0.1 of the node's namespace; 0 for none.</summary>
    public int HealthzPort { get; init; }

    /// <summary>Whether the API also hears those who show no credentials, as <c>system:anonymous</c>.</summary>
    public bool AnonymousAuth { get; init; }

    /// <summary>Whether bearer tokens are taken, if the API server knows them.</summary>
    public bool AuthenticationTokenWebhook { get; init; } = true;

    /// <summary>Who decides what those who are known may do.</summary>
    public KubeletAuthorizationMode AuthorizationMode { get; init; } = KubeletAuthorizationMode.Webhook;

    /// <summary>When a container's log goes on in another file, and how many are kept.</summary>
    public ContainerLogOptions ContainerLogs { get; init; } = new();

    /// <summary>A directory of CNI configurations, whose plugins connect pods in place of the agent's own network; null for the latter.</summary>
    public string? CniConfDir { get; init; }

    /// <summary>Where plugins are looked for.</summary>
    public IReadOnlyList<string> CniBinDirs { get; init; } = ["/opt/cni/bin"];

    /// <summary>The name servers and search domains of the machine.</summary>
    public string ResolvConf { get; init; } = "/etc/resolv.conf";

    /// <summary>A directory with manifests of pods that this node runs whatever the server says, or one such file; null for none.</summary>
    public string? StaticPodPath { get; init; }

    /// <summary>Whether stopping the agent also ends its pods' processes; a service restarted by its supervisor leaves them.</summary>
    public bool RemovePodsOnStop { get; init; }

    /// <summary>The pods' ranges, the primary one first.</summary>
    internal IReadOnlyList<IPNetwork> PodCidrs => SecondaryPodCidr is { } second ? [PodCidr, second] : [PodCidr];

    /// <summary>The node's addresses, the primary one first.</summary>
    internal IReadOnlyList<IPAddress> NodeIPs => SecondaryNodeIP is { } second ? [NodeIP, second] : [NodeIP];
}

/// <summary>How pods' packets get to other nodes.</summary>
public enum NodeOverlay
{
    /// <summary>As they are, by routes with the nodes as gateways: all nodes share a link.</summary>
    None,

    /// <summary>Inside UDP, as flannel does it.</summary>
    Vxlan,
}

/// <summary>The kubelet's authorization.mode.</summary>
public enum KubeletAuthorizationMode
{
    /// <summary>Whoever is known may do everything.</summary>
    AlwaysAllow,

    /// <summary>The API server decides.</summary>
    Webhook,
}
