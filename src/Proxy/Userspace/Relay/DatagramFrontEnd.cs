using System.Collections.Immutable;
using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>
/// One UDP front end. A REDIRECT rule of its own leads to its port, because a UDP socket cannot ask for the original destination;
/// conntrack gives answers sent from it the front end's address. Several loops share the port, each by a socket of its own.
/// </summary>
internal sealed class DatagramFrontEnd
{
    private volatile RelayTarget _target;

    /// <param name="sockets">One for each loop that takes part; owned from now on.</param>
    /// <param name="ipv6">Their family.</param>
    /// <param name="outside">It is for clients that are neither pods nor this node.</param>
    /// <param name="target">Where to.</param>
    internal DatagramFrontEnd(IEnumerable<DatagramSocket> sockets, bool ipv6, bool outside, RelayTarget target)
    {
        (IsIPv6, IsOutside) = (ipv6, outside);
        Lanes = [.. sockets.Select(socket => new DatagramLane(this, socket))];
        Port = Lanes[0].Socket.LocalEndPoint.Port;
        _target = target;
    }

    internal bool IsIPv6 { get; }

    internal bool IsOutside { get; }

    internal ushort Port { get; }

    /// <summary>By loop.</summary>
    internal ImmutableArray<DatagramLane> Lanes { get; }

    /// <summary>Where datagrams go; set by the mode, read by the loops.</summary>
    internal RelayTarget Target
    {
        get => _target;
        set => _target = value;
    }
}

/// <summary>One loop's part of a front end.</summary>
internal sealed class DatagramLane(DatagramFrontEnd frontEnd, DatagramSocket socket)
{
    internal DatagramFrontEnd FrontEnd { get; } = frontEnd;

    internal DatagramSocket Socket { get; } = socket;

    /// <summary>Its place in its loop.</summary>
    internal int Slot { get; set; }
}
