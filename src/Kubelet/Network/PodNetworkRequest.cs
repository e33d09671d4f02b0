using System.Net;
using System.Net.Sockets;
using Dataplane.Api;

namespace Dataplane.Kubelet.Network;

/// <summary>What a pod asks of the network.</summary>
/// <param name="Uid">The pod's.</param>
internal sealed record PodNetworkRequest(string Uid)
{
    public string Namespace { get; init; } = "";

    public string Name { get; init; } = "";

    public IReadOnlyList<HostPortMapping> HostPorts { get; init; } = [];

    /// <summary>Towards the pod and from it, bits a second; null for no limit.</summary>
    public long? IngressRate { get; init; }

    public long? EgressRate { get; init; }

    /// <exception cref="FormatException">An annotation is no rate; the message names it.</exception>
    internal static PodNetworkRequest Of(Pod pod) => new(pod.Metadata.UID)
    {
        Namespace = pod.Metadata.Namespace,
        Name = pod.Metadata.Name,
        HostPorts = [.. HostPortMapping.Of(pod)],
        IngressRate = BandwidthAnnotation.Parse(pod, BandwidthAnnotation.Ingress),
        EgressRate = BandwidthAnnotation.Parse(pod, BandwidthAnnotation.Egress),
    };
}

/// <summary>A port of the node that leads to a pod.</summary>
/// <param name="Protocol">TCP, UDP or SCTP.</param>
/// <param name="Address">The node's address it is on; null for all.</param>
/// <param name="HostPort">The node's.</param>
/// <param name="ContainerPort">The pod's.</param>
internal sealed record HostPortMapping(string Protocol, IPAddress? Address, int HostPort, int ContainerPort)
{
    /// <summary>A hostNetwork pod has none: its ports are the node's already.</summary>
    internal static IEnumerable<HostPortMapping> Of(Pod pod) => pod.Spec.HostNetwork == true ? [] :
        from container in pod.Spec.Containers.Concat(pod.Spec.InitContainers.Where(one => one.RestartPolicy == "Always"))
        from port in container.Ports
        where port.HostPort is > 0
        select new HostPortMapping(port.Protocol ?? "TCP", AddressOf(port.HostIP), port.HostPort!.Value, port.Port);

    /// <summary>Whether both cannot be had: the same port, and an address in common.</summary>
    internal bool Collides(HostPortMapping other) => HostPort == other.HostPort && Protocol == other.Protocol
        && (Address is null || other.Address is null || Address.Equals(other.Address));

    /// <summary>Whether it leads to a pod's address of this family.</summary>
    internal bool Covers(AddressFamily family) => Address is null || Address.AddressFamily == family;

    /// <inheritdoc/>
    public override string ToString() => $"{Protocol} {Address?.ToString() ?? "*"}:{HostPort}";

    private static IPAddress? AddressOf(string? text) =>
        IPAddress.TryParse(text, out var address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) ? address : null;
}
