using System.Collections.Immutable;
using System.Net;
using Dataplane.Api;

namespace Dataplane.Proxy.ServiceModel;

/// <summary>What the proxy needs of a Service, checked and parsed; both address families together.</summary>
public sealed record ProxiedService
{
    /// <summary>The Service.</summary>
    public required NamespacedName Name { get; init; }

    /// <summary>One address per family the Service has.</summary>
    public ImmutableArray<IPAddress> ClusterIPs { get; init; } = [];

    /// <summary>spec.externalIPs.</summary>
    public ImmutableArray<IPAddress> ExternalIPs { get; init; } = [];

    /// <summary>status.loadBalancer.ingress addresses whose ipMode is absent or VIP.</summary>
    public ImmutableArray<IPAddress> LoadBalancerIPs { get; init; } = [];

    /// <summary>spec.loadBalancerSourceRanges without those within others; of a family that allows every source, nothing.</summary>
    public ImmutableArray<IPNetwork> LoadBalancerSourceRanges { get; init; } = [];

    /// <summary>Ports in the order of the Service.</summary>
    public ImmutableArray<ProxiedPort> Ports { get; init; } = [];

    /// <summary>Session affinity by client address and how long an idle one lasts; null for none.</summary>
    public TimeSpan? AffinityTimeout { get; init; }

    /// <summary>What it asks of a proxy that relays.</summary>
    public RelaySettings Relay { get; init; } = RelaySettings.Default;

    /// <summary>spec.internalTrafficPolicy is Local.</summary>
    public bool InternalPolicyLocal { get; init; }

    /// <summary>spec.externalTrafficPolicy is Local.</summary>
    public bool ExternalPolicyLocal { get; init; }

    /// <summary>Where this node answers whether it has local endpoints; none unless the external policy is Local.</summary>
    public NodePort HealthCheckNodePort { get; init; }

    /// <summary>The IPVS scheduler it asks for by annotation; null for none.</summary>
    public string? Scheduler { get; init; }

    /// <summary>Anything but pods and nodes can reach it.</summary>
    public bool IsExternallyAccessible =>
        ExternalIPs.Length > 0 || LoadBalancerIPs.Length > 0 || Ports.Any(port => port.NodePort.IsAllocated);
}

/// <summary>One port of a Service.</summary>
/// <param name="Name">Its identity.</param>
/// <param name="Port">The port clients use on ClusterIPs, external and load-balancer addresses; host byte order.</param>
/// <param name="NodePort">The port on nodes' addresses.</param>
public readonly record struct ProxiedPort(ServicePortName Name, ushort Port, NodePort NodePort);
