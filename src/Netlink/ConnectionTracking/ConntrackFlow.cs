using System.Net;

namespace Dataplane.Netlink.ConnectionTracking;

/// <summary>An entry of connection tracking, as far as a proxy looks at it. Ports are in host byte order.</summary>
/// <param name="Protocol">IP protocol number.</param>
/// <param name="Source">Where its first packet came from.</param>
/// <param name="Destination">Where its first packet was sent.</param>
/// <param name="ReplySource">Who answers: the destination unless that was translated.</param>
public sealed record ConntrackFlow(byte Protocol, IPEndPoint Source, IPEndPoint Destination, IPEndPoint ReplySource)
{
    /// <summary>The entry's number and zone, and its original tuple as the kernel wrote it: what a deletion names.</summary>
    internal uint? Id { get; init; }

    /// <summary>IPS_* bits of linux/netfilter/nf_conntrack_common.h.</summary>
    internal uint Status { get; init; }

    internal ushort? Zone { get; init; }

    internal byte[] Tuple { get; init; } = [];

    /// <summary>Its destination was translated.</summary>
    public bool IsTranslated => !ReplySource.Equals(Destination);

    /// <inheritdoc/>
    public override string ToString() => $"protocol {Protocol} {Source} > {Destination} ({ReplySource})";
}
