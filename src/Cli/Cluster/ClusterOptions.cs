namespace Dataplane.Cli.Cluster;

/// <summary>What <c>dataplane up</c> was asked for.</summary>
internal sealed record ClusterOptions
{
    /// <summary>How many nodes, 1 to <see cref="AddressPlan.MostNodes"/>.</summary>
    public int Nodes { get; init; } = 2;

    /// <summary>Proxy mode of every node.</summary>
    public string ProxyMode { get; init; } = "nftables";

    /// <summary>Where the store, the certificates, the admin kubeconfig and the pods' directories are kept.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Where the admin kubeconfig goes; null is <c>admin.kubeconfig</c> in the data directory.</summary>
    public string? KubeConfig { get; init; }

    /// <summary>The API server's port on 127.0.0.1.</summary>
    public int ApiPort { get; init; } = AddressPlan.ApiPort;

    /// <summary>Store engine: <c>sqlite</c> or <c>memory</c>.</summary>
    public string Store { get; init; } = "sqlite";

    /// <summary>What runs containers: <c>process</c>, <c>docker</c> or <c>cri</c>.</summary>
    public string ContainerRuntime { get; init; } = "process";

    /// <summary>The engine's socket; empty is the usual place of the runtime.</summary>
    public string ContainerRuntimeEndpoint { get; init; } = "";

    /// <summary>Docker's image that holds a pod's namespaces.</summary>
    public string PodInfraContainerImage { get; init; } = "";
}
