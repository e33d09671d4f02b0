using System.Collections.Immutable;
using System.Net;
using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>Where connections to one front end go. Immutable; what has to survive an update of the endpoints is in <see cref="Balance"/>.</summary>
internal sealed record RelayTarget
{
    /// <summary>Empty refuses.</summary>
    internal required ImmutableArray<InetEndPoint> Endpoints { get; init; }

    /// <summary>For clients that are neither <see cref="InsideNetworks"/> nor this node; null when they are treated like all.</summary>
    internal ImmutableArray<InetEndPoint>? OutsideEndpoints { get; init; }

    /// <summary>Where pods are, when the two kinds of client differ.</summary>
    internal ImmutableArray<IPNetwork> InsideNetworks { get; init; } = [];

    internal required BalanceState Balance { get; init; }

    /// <summary>The endpoints for one client; empty when it is to be refused.</summary>
    /// <param name="local">The proxy's own end: a loopback address is where REDIRECT brings this node's own connections.</param>
    internal ImmutableArray<InetEndPoint> EndpointsFor(in InetEndPoint client, in InetEndPoint local)
    {
        if (OutsideEndpoints is not { } outside)
        {
            return Endpoints;
        }

        var source = client.ToIPEndPoint().Address;
        return IPAddress.IsLoopback(local.ToIPEndPoint().Address) || Contains(InsideNetworks, source) ? Endpoints : outside;
    }

    private static bool Contains(ImmutableArray<IPNetwork> networks, IPAddress address)
    {
        foreach (var network in networks)
        {
            if (network.Contains(address))
            {
                return true;
            }
        }

        return false;
    }
}
