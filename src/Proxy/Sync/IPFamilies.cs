using System.Net.Sockets;

namespace Dataplane.Proxy.Sync;

/// <summary>Address families by the names the Kubernetes API and kube-proxy's metrics (label ip_family) have for them.</summary>
internal static class IPFamilies
{
    /// <summary>Those this node can have rules for.</summary>
    internal static string[] Here { get; } = Socket.OSSupportsIPv6 ? ["IPv4", "IPv6"] : ["IPv4"];

    internal static string NameOf(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";
}
