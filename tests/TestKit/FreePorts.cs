using System.Net;
using System.Net.Sockets;

namespace Dataplane.TestKit;

/// <summary>
/// Ports that a test gives to what listens later, or to nobody. They lie below those that the kernel draws for whoever asks for any port, and no
/// test of this process gets the same: none is taken between the moment it was found free and the moment it is used.
/// </summary>
public static class FreePorts
{
    private const int First = 20_000;

    /// <summary>Up to where NodePorts begin, and net.ipv4.ip_local_port_range after them.</summary>
    private const int Count = 10_000;

    private static int _taken = Environment.ProcessId * 97 % Count;

    /// <returns>A port that nobody has, neither by TCP nor by UDP, on any address.</returns>
    public static int Take()
    {
        for (var attempt = 0; attempt < Count; attempt++)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref _taken) % Count);
            if (IsFree(SocketType.Stream, ProtocolType.Tcp, port) && IsFree(SocketType.Dgram, ProtocolType.Udp, port))
            {
                return port;
            }
        }

        throw new InvalidOperationException($"no port from {First} to {First + Count - 1} is free");
    }

    /// <summary>A port of loopback, see <see cref="Take"/>.</summary>
    public static IPEndPoint TakeLoopback() => new(IPAddress.Loopback, Take());

    private static bool IsFree(SocketType type, ProtocolType protocol, int port)
    {
        using var socket = new Socket(AddressFamily.InterNetworkV6, type, protocol) { DualMode = true };
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
            return true;
        }
        catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return false;
        }
    }
}
