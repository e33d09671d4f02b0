using System.Net;
using System.Net.Sockets;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Planning;

/// <summary>Where clients send: an address and port, or a port on every address of the node.</summary>
/// <param name="Family">InterNetwork or InterNetworkV6.</param>
/// <param name="Address">Null for a NodePort: any of the node's own addresses of the family.</param>
/// <param name="Protocol">TCP, UDP or SCTP.</param>
/// <param name="Port">Host byte order.</param>
public readonly record struct FrontEnd(AddressFamily Family, IPAddress? Address, TransportProtocol Protocol, ushort Port)
{
    /// <summary>A front end at one address.</summary>
    public static FrontEnd At(IPAddress address, TransportProtocol protocol, ushort port) =>
        new(address.AddressFamily, address, protocol, port);

    /// <summary>A front end at a port of every address of the node.</summary>
    public static FrontEnd AtNode(AddressFamily family, TransportProtocol protocol, NodePort port) =>
        new(family, null, protocol, port.Value);

    /// <inheritdoc/>
    public override string ToString()
    {
        var host = Address is { } address
            ? Family == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString()
            : Family == AddressFamily.InterNetworkV6 ? "node(v6)" : "node";
        return $"{Protocol.ToString().ToUpperInvariant()} {host}:{Port}";
    }
}

/// <summary>Which field of the Service a front end comes from.</summary>
public enum FrontEndKind
{
    /// <summary>spec.clusterIPs.</summary>
    ClusterIP,

    /// <summary>spec.externalIPs.</summary>
    ExternalIP,

    /// <summary>status.loadBalancer.ingress.</summary>
    LoadBalancerIP,

    /// <summary>spec.ports[].nodePort.</summary>
    NodePort,
}
