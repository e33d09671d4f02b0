using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;

namespace Dataplane.Linux.TransparentSockets;

/// <summary>A non-blocking UDP socket. One that listens tells to which of the machine's addresses a datagram came: <see cref="DatagramSlots"/>.</summary>
public sealed class DatagramSocket : InetSocket
{
    // The kernel doubles it; a burst must not be lost while a thread is off its core. More than net.core.rmem_max takes privileges, which a proxy has.
    private const int ListenerBufferBytes = 2 << 20;

    /// <summary>The family it was opened for.</summary>
    public bool IsIPv6 { get; private set; }

    /// <summary>Opens an unbound socket in the network namespace of the calling thread.</summary>
    /// <returns>0, or minus errno (EMFILE, ENFILE).</returns>
    public int Open(bool ipv6)
    {
        IsIPv6 = ipv6;
        return Adopt(Libc.OpenInetSocket(InetFamily.Of(ipv6), InetFamily.SOCK_DGRAM | InetFamily.Flags, 0));
    }

    /// <summary>Binds for datagrams of anybody, where wished as one of several on the same port: the kernel spreads clients over them.</summary>
    /// <exception cref="LinuxException">EADDRINUSE, EADDRNOTAVAIL.</exception>
    public void Listen(InetEndPoint local, bool shared)
    {
        if (IsIPv6)
        {
            RequireOption(Libc.SOL_IPV6, Libc.IPV6_V6ONLY, 1, "IPV6_V6ONLY");
            RequireOption(Libc.SOL_IPV6, Libc.IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
        }
        else
        {
            RequireOption(Libc.SOL_IP, Libc.IP_PKTINFO, 1, "IP_PKTINFO");
        }

        if (SetOption(Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, ListenerBufferBytes) < 0)
        {
            SetOption(Libc.SOL_SOCKET, Libc.SO_RCVBUF, ListenerBufferBytes);
        }

        BindShared(local, shared);
    }

    /// <summary>Fixes the peer: only its datagrams, and its ICMP errors, arrive from now on.</summary>
    /// <returns>0, or minus errno.</returns>
    public int Connect(in InetEndPoint remote) => ConnectTo(remote);

    /// <summary>
    /// Forgets the peer, the port that connecting chose and what is still waiting to be received: nothing meant for the old port arrives any more
    /// (net/ipv4/udp.c, __udp_disconnect). Costs less than another socket, and an epoll set goes on watching it.
    /// </summary>
    /// <returns>0, or minus errno.</returns>
    public int Disconnect()
    {
        // struct sockaddr with AF_UNSPEC (connect(2)).
        Span<byte> unspecified = stackalloc byte[InetEndPoint.MaxSocketAddressSize];
        unspecified.Clear();
        if (Libc.ConnectInet(this, in unspecified[0], unspecified.Length) < 0)
        {
            return -Marshal.GetLastPInvokeError();
        }

        Span<byte> dropped = stackalloc byte[1];
        while (Receive(dropped) is >= 0 or -Errno.ECONNREFUSED)
        {
        }

        return 0;
    }

    /// <summary>Receives from the connected peer.</summary>
    /// <returns>Bytes (0 is an empty datagram), or minus errno; ECONNREFUSED is an ICMP error to an earlier datagram.</returns>
    public int Receive(Span<byte> buffer)
    {
        var count = Libc.ReceiveInet(this, ref MemoryMarshal.GetReference(buffer), (nuint)buffer.Length, 0);
        return count < 0 ? -Marshal.GetLastPInvokeError() : (int)count;
    }

    /// <summary>Sends to the connected peer.</summary>
    /// <returns>Bytes, or minus errno.</returns>
    public int Send(ReadOnlySpan<byte> datagram)
    {
        var count = Libc.SendInet(this, in MemoryMarshal.GetReference(datagram), (nuint)datagram.Length, 0);
        return count < 0 ? -Marshal.GetLastPInvokeError() : (int)count;
    }
}
