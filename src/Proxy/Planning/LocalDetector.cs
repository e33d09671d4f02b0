using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Dataplane.Proxy.Planning;

/// <summary>How traffic that comes from pods is recognised (KubeProxyConfiguration detectLocalMode).</summary>
public abstract record LocalDetector
{
    private LocalDetector()
    {
    }

    /// <summary>It cannot be: no traffic is taken for a pod's, and none is masqueraded for coming from outside.</summary>
    public static LocalDetector None { get; } = new NoDetector();

    /// <summary>By the node's own podCIDRs (NodeCIDR): configuration only, a plan holds the <see cref="Networks"/> they are.</summary>
    public static LocalDetector NodeCidrs { get; } = new ByNode();

    /// <summary>Whether pods of a family can be told apart: a single-stack CIDR says nothing of the other family.</summary>
    public virtual bool Knows(AddressFamily family) => true;

    /// <summary>What it comes to on one node.</summary>
    internal virtual LocalDetector On(NodeFacts node) => this;

    /// <summary>By source address (ClusterCIDR, NodeCIDR); at most one network of each family is usual.</summary>
    public sealed record Networks(ImmutableArray<IPNetwork> Cidrs) : LocalDetector
    {
        /// <inheritdoc/>
        public override bool Knows(AddressFamily family) => Cidrs.Any(cidr => cidr.BaseAddress.AddressFamily == family);

        /// <summary>By content.</summary>
        public bool Equals(Networks? other) => other is not null && Cidrs.SequenceEqual(other.Cidrs);

        /// <inheritdoc/>
        public override int GetHashCode() => Cidrs.Length;
    }

    /// <summary>By the interface it arrives on (BridgeInterface, InterfaceNamePrefix).</summary>
    public sealed record Interface(string Name, bool IsPrefix) : LocalDetector;

    private sealed record NoDetector : LocalDetector
    {
        public override bool Knows(AddressFamily family) => false;
    }

    private sealed record ByNode : LocalDetector
    {
        internal override LocalDetector On(NodeFacts node) => node.PodCidrs.IsEmpty ? None : new Networks(node.PodCidrs);
    }
}
