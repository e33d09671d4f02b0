namespace Dataplane.Linux.Sockets;

/// <summary>Whole datagrams to and from the kernel: the seam between the netlink protocol and the operating system.</summary>
public interface INetlinkSocket : IDisposable
{
    /// <summary>The address the kernel gave the socket; nlmsg_pid of its answers.</summary>
    uint PortId { get; }

    /// <summary>Sets SO_SNDBUF past net.core.wmem_max. Needs CAP_NET_ADMIN.</summary>
    void SetSendBuffer(int bytes);

    /// <summary>Sends one datagram to the kernel, which has handled it when this returns (answers are queued).</summary>
    /// <exception cref="LinuxException">EMSGSIZE when it is larger than the send buffer.</exception>
    void Send(ReadOnlySpan<byte> datagram);

    /// <summary>Waits for one datagram of the kernel.</summary>
    /// <returns>Its length.</returns>
    /// <exception cref="LinuxException">EAGAIN after the receive time-out, EMSGSIZE when the buffer was too small,
    /// ENOBUFS when the kernel dropped messages because the socket was not read fast enough.</exception>
    int Receive(Span<byte> buffer);

    /// <summary>Takes one datagram if one is queued.</summary>
    /// <exception cref="LinuxException">As <see cref="Receive"/>, but for EAGAIN.</exception>
    bool TryReceive(Span<byte> buffer, out int length);
}
