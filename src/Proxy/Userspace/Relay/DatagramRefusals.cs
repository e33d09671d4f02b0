using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>Passes on to UDP clients that their endpoint's port is closed. For one thread: its sockets are opened, when first needed, in the thread's namespace.</summary>
internal sealed class DatagramRefusals : IDisposable
{
    private readonly UnreachableSocket _ipv4 = new();
    private readonly UnreachableSocket _ipv6 = new();

    /// <summary>Without a socket, or where the kernel does not send it, the client is left to its own time-out.</summary>
    /// <param name="client">Whose datagram nobody took.</param>
    /// <param name="local">Where it came to the relay.</param>
    internal void Tell(in InetEndPoint client, in InetEndPoint local)
    {
        var socket = client.IsIPv6 ? _ipv6 : _ipv4;
        if (!socket.IsInvalid || socket.Open(client.IsIPv6) == 0)
        {
            socket.Send(client, local);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _ipv4.Dispose();
        _ipv6.Dispose();
    }
}
