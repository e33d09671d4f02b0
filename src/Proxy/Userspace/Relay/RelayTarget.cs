using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>Where connections to one front end go. Immutable; what has to survive an update of the endpoints is in <see cref="Balance"/>.</summary>
internal sealed record RelayTarget
{
    /// <summary>Empty refuses.</summary>
    internal required EndpointSet Endpoints { get; init; }

    /// <summary>Whoever is refused is told so, instead of left without an answer. Of outside clients too, unless <see cref="RejectsOutside"/> says otherwise.</summary>
    internal bool Rejects { get; init; }

    /// <summary>The same for outside clients; null when they are treated like all.</summary>
    internal bool? RejectsOutside { get; init; }

    /// <summary>For clients that are neither pods nor this node; null when they are treated like all. The rules tell the two kinds apart.</summary>
    internal EndpointSet? OutsideEndpoints { get; init; }

    /// <summary>Endpoints see an outside client's own address.</summary>
    internal bool PreservesOutsideClients { get; init; }

    internal required BalanceState Balance { get; init; }

    /// <summary>The endpoints for one client; empty when it is to be refused.</summary>
    internal EndpointSet EndpointsFor(bool outside) => outside ? OutsideEndpoints ?? Endpoints : Endpoints;

    /// <summary>Whether one that is refused is told so.</summary>
    internal bool IsRejected(bool outside) => outside ? RejectsOutside ?? Rejects : Rejects;
}

/// <summary>A listening socket, and whose connections the rules lead to it.</summary>
/// <param name="Socket">Owned by its loop.</param>
/// <param name="IsIPv6">Its family.</param>
/// <param name="IsOutside">Those of clients that are neither pods nor this node, where that makes a difference.</param>
internal sealed record RelayListener(StreamListener Socket, bool IsIPv6, bool IsOutside);

/// <summary>Local ports of the relay, host byte order.</summary>
/// <param name="All">For clients of all kinds, or of those within.</param>
/// <param name="Outside">For outside clients where they are treated in another way.</param>
internal readonly record struct RelayPorts(ushort All, ushort Outside);
