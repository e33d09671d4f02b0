using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;

namespace Dataplane.Linux.TransparentSockets;

/// <summary>A connected TCP socket. Every call returns minus errno instead of throwing: errors are traffic here.</summary>
public sealed class StreamSocket : InetSocket
{
    private const int KeepAliveIdleSeconds = 60;
    private const int KeepAliveIntervalSeconds = 15;
    private const int KeepAliveProbes = 4;

    /// <summary>Opens an unconnected socket without Nagle's delay in the network namespace of the calling thread.</summary>
    /// <returns>0, or minus errno (EMFILE, ENFILE).</returns>
    public int Open(bool ipv6)
    {
        var result = Adopt(Libc.OpenInetSocket(InetFamily.Of(ipv6), InetFamily.SOCK_STREAM | InetFamily.Flags, 0));
        if (result == 0)
        {
            SetOption(Libc.SOL_TCP, Libc.TCP_NODELAY, 1);
        }

        return result;
    }

    /// <summary>
    /// As <see cref="Open"/>, for a connection whose first bytes are most likely at hand by the time it stands: the end of the handshake is acknowledged
    /// with them instead of by a packet of its own. Whoever has none says so by <see cref="AcknowledgeAtOnce"/>, and <see cref="SendAtOnce"/> before
    /// the second send.
    /// </summary>
    /// <returns>0, or minus errno (EMFILE, ENFILE).</returns>
    public int OpenToSendFirst(bool ipv6)
    {
        var result = Adopt(Libc.OpenInetSocket(InetFamily.Of(ipv6), InetFamily.SOCK_STREAM | InetFamily.Flags, 0));
        if (result == 0)
        {
            SetOption(Libc.SOL_TCP, Libc.TCP_QUICKACK, 0);
        }

        return result;
    }

    /// <summary>Acknowledges what has come and is not acknowledged yet, and goes on as the kernel sees fit (TCP_QUICKACK, tcp(7)).</summary>
    public void AcknowledgeAtOnce() => SetOption(Libc.SOL_TCP, Libc.TCP_QUICKACK, 1);

    /// <summary>Ends Nagle's delay.</summary>
    public void SendAtOnce() => SetOption(Libc.SOL_TCP, Libc.TCP_NODELAY, 1);

    /// <summary>Takes the next connection of a listener.</summary>
    /// <param name="peer">The client's address.</param>
    /// <returns>0, or minus errno (EAGAIN when nobody waits).</returns>
    public int AcceptFrom(StreamListener listener, out InetEndPoint peer)
    {
        Span<byte> address = stackalloc byte[InetEndPoint.MaxSocketAddressSize];
        var length = address.Length;
        var result = Adopt(Libc.accept4(listener, ref address[0], ref length, InetFamily.Flags));
        peer = result == 0 ? InetEndPoint.ReadSocketAddress(address) : default;
        return result;
    }

    /// <summary>Takes a local address, which need not be one of this machine's: answers have to be routed here by other means. Port 0 is chosen by connecting.</summary>
    /// <returns>0, or minus errno (EPERM without CAP_NET_ADMIN, EADDRINUSE).</returns>
    public int BindTo(in InetEndPoint local)
    {
        var result = local.IsIPv6 ? SetOption(Libc.SOL_IPV6, Libc.IPV6_TRANSPARENT, 1) : SetOption(Libc.SOL_IP, Libc.IP_TRANSPARENT, 1);
        if (result < 0)
        {
            return result;
        }

        SetOption(Libc.SOL_IP, Libc.IP_BIND_ADDRESS_NO_PORT, 1);
        Span<byte> address = stackalloc byte[InetEndPoint.MaxSocketAddressSize];
        var length = local.WriteSocketAddress(address);
        return Libc.BindInet(this, in address[0], length) < 0 ? -Marshal.GetLastPInvokeError() : 0;
    }

    /// <summary>Starts to connect.</summary>
    /// <returns>0 when connected at once, minus EINPROGRESS when under way, or another minus errno.</returns>
    public int Connect(in InetEndPoint remote) => ConnectTo(remote);

    /// <summary>The pending error of the socket, 0 when there is none: after EINPROGRESS, the outcome of connect.</summary>
    /// <returns>0 or minus errno.</returns>
    public int PendingError()
    {
        Span<byte> value = stackalloc byte[sizeof(int)];
        var length = sizeof(int);
        return Libc.GetSocketOption(this, Libc.SOL_SOCKET, Libc.SO_ERROR, ref value[0], ref length) < 0
            ? -Marshal.GetLastPInvokeError()
            : -MemoryMarshal.Read<int>(value);
    }

    /// <summary>Where the client wanted to go before a REDIRECT rule brought it here, from conntrack.</summary>
    /// <returns>0, or minus errno (ENOENT when the connection is not tracked).</returns>
    public int OriginalDestination(bool ipv6, out InetEndPoint destination)
    {
        Span<byte> address = stackalloc byte[InetEndPoint.MaxSocketAddressSize];
        var length = ipv6 ? InetEndPoint.MaxSocketAddressSize : 16;
        var result = Libc.GetSocketOption(
            this, ipv6 ? Libc.SOL_IPV6 : Libc.SOL_IP, ipv6 ? Libc.IP6T_SO_ORIGINAL_DST : Libc.SO_ORIGINAL_DST, ref address[0], ref length);
        destination = result < 0 ? default : InetEndPoint.ReadSocketAddress(address);
        return result < 0 ? -Marshal.GetLastPInvokeError() : 0;
    }

    /// <returns>Bytes received, 0 at the end of the stream, or minus errno.</returns>
    public int Receive(Span<byte> buffer)
    {
        var count = Libc.ReceiveInet(this, ref MemoryMarshal.GetReference(buffer), (nuint)buffer.Length, 0);
        return count < 0 ? -Marshal.GetLastPInvokeError() : (int)count;
    }

    /// <param name="buffer">What to send.</param>
    /// <param name="last">The end of the stream follows at once: it is to be in the packet of the last byte.</param>
    /// <returns>Bytes taken, or minus errno.</returns>
    public int Send(ReadOnlySpan<byte> buffer, bool last = false)
    {
        var count = Libc.SendInet(this, in MemoryMarshal.GetReference(buffer), (nuint)buffer.Length, last ? Libc.MSG_MORE : 0);
        return count < 0 ? -Marshal.GetLastPInvokeError() : (int)count;
    }

    /// <summary>Sends FIN after what is still queued; receiving goes on.</summary>
    public int ShutdownSend() => Libc.shutdown(this, Libc.SHUT_WR) < 0 ? -Marshal.GetLastPInvokeError() : 0;

    /// <summary>Closes with RST (SO_LINGER of zero seconds), dropping what is queued.</summary>
    public void Abort()
    {
        if (IsInvalid)
        {
            return;
        }

        // struct linger { int l_onoff; int l_linger; } (sys/socket.h)
        Span<byte> linger = stackalloc byte[2 * sizeof(int)];
        linger.Clear();
        MemoryMarshal.Write(linger, 1);
        _ = Libc.SetSocketOption(this, Libc.SOL_SOCKET, Libc.SO_LINGER, in linger[0], linger.Length);
        CloseSocket();
    }

    /// <summary>Finds out about a peer that vanished, two minutes after the last that came from it.</summary>
    public void ProbeWhenIdle() => ProbeWhenIdle(this);

    /// <inheritdoc cref="ProbeWhenIdle()"/>
    internal static void ProbeWhenIdle(InetSocket socket)
    {
        socket.SetOption(Libc.SOL_SOCKET, Libc.SO_KEEPALIVE, 1);
        socket.SetOption(Libc.SOL_TCP, Libc.TCP_KEEPIDLE, KeepAliveIdleSeconds);
        socket.SetOption(Libc.SOL_TCP, Libc.TCP_KEEPINTVL, KeepAliveIntervalSeconds);
        socket.SetOption(Libc.SOL_TCP, Libc.TCP_KEEPCNT, KeepAliveProbes);
    }
}
