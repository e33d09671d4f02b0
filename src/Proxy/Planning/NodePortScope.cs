using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Dataplane.Proxy.Planning;

/// <summary>Which of the node's own addresses NodePorts answer on (nodePortAddresses, localhostNodePorts).</summary>
public sealed record NodePortScope
{
    private static readonly IPNetwork LoopbackIPv4 = IPNetwork.Parse("127.0.0.0/8");
    private static readonly IPNetwork LoopbackIPv6 = IPNetwork.Parse("::1/128");

    /// <summary>Every address of the node but loopback ones.</summary>
    public static NodePortScope All { get; } = new();

    /// <summary>Only addresses in these networks; null for all. A family without one has no NodePorts.</summary>
    public ImmutableArray<IPNetwork>? Networks { get; init; }

    /// <summary>
    /// Loopback addresses too, as far as they are in <see cref="Networks"/>. What that takes is the mode's affair: a kernel mode can do it for IPv4
    /// alone, where net.ipv4.conf.all.route_localnet lets a loopback source leave the node until it is masqueraded; the userspace mode for both.
    /// </summary>
    public bool Loopback { get; init; }

    /// <summary>The loopback network of a family.</summary>
    public static IPNetwork LoopbackOf(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? LoopbackIPv6 : LoopbackIPv4;

    /// <summary>The networks of one family; null for all addresses.</summary>
    public ImmutableArray<IPNetwork>? Of(AddressFamily family)
    {
        var own = Networks?.Where(network => network.BaseAddress.AddressFamily == family).ToImmutableArray();
        return own is { } networks && networks.Any(network => network.PrefixLength == 0) ? null : own;
    }

    /// <summary>Whether loopback addresses of a family answer.</summary>
    public bool HasLoopback(AddressFamily family) =>
        Loopback && (Of(family) is not { } networks || networks.Any(network => network.Contains(LoopbackOf(family).BaseAddress)
            || LoopbackOf(family).Contains(network.BaseAddress)));

    /// <summary>By content.</summary>
    public bool Equals(NodePortScope? other) => other is not null && Loopback == other.Loopback
        && (Networks is { } networks ? other.Networks is { } others && networks.SequenceEqual(others) : other.Networks is null);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Loopback, Networks?.Length);
}
