using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Linux.Datagrams;

/// <summary>
/// A bound UDP socket that moves many datagrams a system call. Several may share one address (SO_REUSEPORT): the kernel spreads
/// clients over them. On a wildcard address replies leave from the address that was asked (IP_PKTINFO).
/// </summary>
public sealed class BatchSocket : IDisposable
{
    /// <summary>The kernel doubles it; a burst must not be lost while a thread is off its core.</summary>
    private const int ReceiveBufferBytes = 4 << 20;

    private readonly Socket _socket;

    private BatchSocket(Socket socket) => _socket = socket;

    /// <summary>The bound address, with the real port where 0 was asked for.</summary>
    public IPEndPoint LocalEndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    /// <summary>Opens and binds.</summary>
    /// <param name="address">Where to listen; <c>::</c> takes IPv4 as well.</param>
    /// <param name="networkNamespace">Where the socket is made; null is the calling thread's own.</param>
    /// <exception cref="IOException">EADDRINUSE, EADDRNOTAVAIL or EACCES; the message names the address.</exception>
    public static BatchSocket Bind(IPEndPoint address, NetworkNamespace? networkNamespace) =>
        networkNamespace is null ? Bind(address) : networkNamespace.Invoke(() => Bind(address));

    /// <summary>Waits for datagrams and takes those that are there.</summary>
    /// <returns>Slots filled from the first on; 0 after <see cref="Shutdown"/> or an interruption.</returns>
    /// <exception cref="LinuxException">The socket is unusable.</exception>
    public unsafe int Receive(DatagramBatch batch)
    {
        var count = Libc.recvmmsg(_socket.SafeHandle, batch.PrepareReceive(), (uint)batch.Slots, Libc.MSG_WAITFORONE, null);
        if (count >= 0)
        {
            return count;
        }

        // ECONNREFUSED reports that an earlier reply met a closed port: it concerns its sender only.
        var errno = Marshal.GetLastPInvokeError();
        return errno is Errno.EINTR or Errno.EAGAIN or Errno.ECONNREFUSED ? 0 : throw new LinuxException($"recvmmsg {LocalEndPoint}", errno);
    }

    /// <summary>Sends the queued replies. One that the kernel refuses (its peer is unreachable, filtered) is dropped, as the network might.</summary>
    /// <returns>Datagrams sent.</returns>
    public unsafe int Send(DatagramBatch batch)
    {
        var sent = 0;
        for (var next = 0; next < batch.ReplyCount;)
        {
            var count = Libc.sendmmsg(_socket.SafeHandle, batch.Replies(next), (uint)(batch.ReplyCount - next), 0);
            sent += Math.Max(count, 0);
            next += Math.Max(count, 1);
        }

        batch.ForgetReplies();
        return sent;
    }

    /// <summary>Sends one datagram to a peer of this socket, from any thread.</summary>
    public unsafe bool Send(ReadOnlySpan<byte> datagram, in DatagramPeer peer)
    {
        var copy = peer;
        fixed (byte* bytes = datagram)
        {
            var vector = new Libc.IoVector { Base = bytes, Length = (nuint)datagram.Length };
            var header = new Libc.MessageHeader
            {
                Name = &copy.Name,
                NameLength = copy.NameLength,
                Vectors = &vector,
                VectorCount = 1,
                Control = copy.ControlLength == 0 ? null : &copy.Control,
                ControlLength = (nuint)copy.ControlLength,
            };
            return Libc.SendInetMessage(_socket.SafeHandle, &header, 0) >= 0;
        }
    }

    /// <summary>Ends a <see cref="Receive"/> that waits, and all later ones.</summary>
    /// <remarks>An unconnected socket answers ENOTCONN, yet its readers are woken (net/ipv4/af_inet.c, inet_shutdown).</remarks>
    public void Shutdown() => _ = Libc.shutdown(_socket.SafeHandle, Libc.SHUT_RDWR);

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static BatchSocket Bind(IPEndPoint address)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.SetRawSocketOption(Libc.SOL_SOCKET, Libc.SO_REUSEPORT, MemoryMarshal.AsBytes([1]));
            socket.ReceiveBufferSize = ReceiveBufferBytes;
            var wildcard = address.Address.Equals(IPAddress.Any) || address.Address.Equals(IPAddress.IPv6Any);
            if (address.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
                socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.PacketInformation, true);
            }

            if (wildcard)
            {
                socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.PacketInformation, true);
            }

            socket.Bind(address);
            return new BatchSocket(socket);
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw new IOException($"listen on {address} (UDP): {failure.Message}", failure);
        }
    }
}
