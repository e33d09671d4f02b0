using System.Collections.Immutable;
using System.Net;

namespace Dataplane.Proxy.Planning;

/// <summary>How traffic that comes from pods is recognised (KubeProxyConfiguration detectLocalMode).</summary>
public abstract record LocalDetector
{
    private LocalDetector()
    {
    }

    /// <summary>It cannot be: no traffic is taken for a pod's, and none is masqueraded for coming from outside.</summary>
    public static LocalDetector None { get; } = new NoDetector();

    /// <summary>By source address (ClusterCIDR, NodeCIDR); at most one network of each family is usual.</summary>
    public sealed record Networks(ImmutableArray<IPNetwork> Cidrs) : LocalDetector;

    /// <summary>By the interface it arrives on (BridgeInterface, InterfaceNamePrefix).</summary>
    public sealed record Interface(string Name, bool IsPrefix) : LocalDetector;

    private sealed record NoDetector : LocalDetector;
}
