using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>
/// The socket of one UDP front end. A REDIRECT rule of its own leads to its port, because a UDP socket cannot ask for the
/// original destination; conntrack gives answers sent from it the front end's address.
/// </summary>
internal sealed class DatagramFrontEnd
{
    private volatile RelayTarget _target;

    internal DatagramFrontEnd(DatagramSocket socket, RelayTarget target)
    {
        Socket = socket;
        Port = socket.LocalEndPoint.Port;
        _target = target;
    }

    internal DatagramSocket Socket { get; }

    internal ushort Port { get; }

    /// <summary>Where datagrams go; set by the mode, read by the loop.</summary>
    internal RelayTarget Target
    {
        get => _target;
        set => _target = value;
    }

    /// <summary>Its place in its loop.</summary>
    internal int Slot { get; set; }
}
