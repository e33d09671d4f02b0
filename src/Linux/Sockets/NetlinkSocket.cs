using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;
using Dataplane.Linux.Namespaces;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Sockets;

/// <summary>
/// A bound netlink socket. Whole datagrams in and out, one per call; the format is the caller's business.
/// It acts on the network namespace it was opened in, whichever thread uses it.
/// </summary>
/// <remarks>Source: netlink(7). Not safe for two concurrent senders that both wait for answers.</remarks>
public sealed class NetlinkSocket : INetlinkSocket
{
    private readonly SafeFileHandle _handle;

    private NetlinkSocket(SafeFileHandle handle) => _handle = handle;

    /// <summary>For waiting in an epoll set; owned by this object.</summary>
    public SafeHandle Handle => _handle;

    /// <inheritdoc/>
    public uint PortId { get; private set; }

    /// <summary>Opens and binds a socket with extended and capped acks.</summary>
    /// <param name="protocol">NETLINK_ROUTE, NETLINK_NETFILTER, ...: linux/netlink.h.</param>
    /// <param name="networkNamespace">Where the socket lives; null for the calling thread's.</param>
    /// <exception cref="LinuxException">EPROTONOSUPPORT when the kernel lacks the protocol.</exception>
    public static NetlinkSocket Open(int protocol, NetworkNamespace? networkNamespace = null)
    {
        var handle = networkNamespace is null ? Create(protocol) : networkNamespace.Invoke(() => Create(protocol));
        var socket = new NetlinkSocket(handle);
        try
        {
            socket.SetOption(Libc.NETLINK_EXT_ACK, 1);
            socket.SetOption(Libc.NETLINK_CAP_ACK, 1);
            socket.Bind();
            return socket;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Asks for strict validation of dump requests, and with it for filtering in the kernel (Linux 4.20).</summary>
    public void SetStrictChecking() => SetOption(Libc.NETLINK_GET_STRICT_CHK, 1);

    /// <summary>Subscribes to a multicast group by its number (not a bit mask).</summary>
    public void JoinGroup(int group) => SetOption(Libc.NETLINK_ADD_MEMBERSHIP, group);

    /// <summary>
    /// Has the kernel leave out multicast datagrams that another socket caused: its own changes would wake who listens for others'. All messages of a
    /// datagram are of one transaction, and nlmsg_pid stands at offset 12.
    /// </summary>
    public unsafe void IgnoreFrom(uint portId)
    {
        // Loads are in network order, nlmsg_pid in the machine's: linux/filter.h BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_RET|BPF_K.
        var loaded = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(portId) : portId;
        ReadOnlySpan<Libc.sock_filter> program = [new(0x20, 0, 0, 12), new(0x15, 0, 1, loaded), new(0x06, 0, 0, 0), new(0x06, 0, 0, uint.MaxValue)];
        fixed (Libc.sock_filter* first = program)
        {
            var filter = new Libc.sock_fprog { len = (ushort)program.Length, filter = (nint)first };
            LinuxException.Check(Libc.setsockopt(_handle, Libc.SOL_SOCKET, Libc.SO_ATTACH_FILTER, filter, Libc.sock_fprog.Size), "filter a netlink socket");
        }
    }

    /// <inheritdoc/>
    public void SetSendBuffer(int bytes) => LinuxException.Check(
        Libc.setsockopt(_handle, Libc.SOL_SOCKET, Libc.SO_SNDBUFFORCE, bytes, sizeof(int)), $"set netlink send buffer of {bytes} bytes");

    /// <summary>Sets SO_RCVBUF past net.core.rmem_max. Needs CAP_NET_ADMIN.</summary>
    public void SetReceiveBuffer(int bytes) => LinuxException.Check(
        Libc.setsockopt(_handle, Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, bytes, sizeof(int)), $"set netlink receive buffer of {bytes} bytes");

    /// <summary>After this long <see cref="Receive"/> fails with EAGAIN. Without it, it waits for ever.</summary>
    public void SetReceiveTimeout(TimeSpan timeout)
    {
        var value = new Libc.__kernel_sock_timeval { tv_sec = (long)timeout.TotalSeconds, tv_usec = timeout.Milliseconds * 1000L };
        LinuxException.Check(Libc.setsockopt(_handle, Libc.SOL_SOCKET, Libc.SO_RCVTIMEO, value, Libc.__kernel_sock_timeval.Size), "set netlink receive time-out");
    }

    /// <inheritdoc/>
    public void Send(ReadOnlySpan<byte> datagram)
    {
        var kernel = new Libc.sockaddr_nl { nl_family = Libc.AF_NETLINK };
        while (Libc.sendto(_handle, datagram, datagram.Length, 0, kernel, Libc.sockaddr_nl.Size) < 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR)
            {
                throw new LinuxException($"send {datagram.Length} bytes of netlink", errno);
            }
        }
    }

    /// <inheritdoc/>
    public int Receive(Span<byte> buffer) => Receive(buffer, 0, out var length) is var errno and not 0
        ? throw new LinuxException("receive from netlink", errno)
        : length;

    /// <inheritdoc/>
    public bool TryReceive(Span<byte> buffer, out int length) => Receive(buffer, Libc.MSG_DONTWAIT, out length) switch
    {
        0 => true,
        Errno.EAGAIN => false,
        var errno => throw new LinuxException("receive from netlink", errno),
    };

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    /// <summary>0 or an errno. Messages that another process sent to this socket's address are passed over.</summary>
    private int Receive(Span<byte> buffer, int flags, out int length)
    {
        while (true)
        {
            var sender = default(Libc.sockaddr_nl);
            var senderLength = Libc.sockaddr_nl.Size;
            length = (int)Libc.recvfrom(_handle, buffer, buffer.Length, flags | Libc.MSG_TRUNC, ref sender, ref senderLength);
            if (length >= 0)
            {
                if (sender.nl_pid != 0)
                {
                    continue;
                }

                return length > buffer.Length ? Errno.EMSGSIZE : 0;
            }

            // SO_RCVTIMEO makes recv(2) return EINTR even under SA_RESTART, and the runtime signals its threads (signal(7)).
            var errno = Marshal.GetLastPInvokeError();
            if (errno != Errno.EINTR)
            {
                return errno;
            }
        }
    }

    private static SafeFileHandle Create(int protocol)
    {
        var handle = Libc.socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, protocol);
        if (!handle.IsInvalid)
        {
            return handle;
        }

        var errno = Marshal.GetLastPInvokeError();
        handle.Dispose();
        throw new LinuxException($"open netlink socket of protocol {protocol}", errno);
    }

    private void Bind()
    {
        var address = new Libc.sockaddr_nl { nl_family = Libc.AF_NETLINK };
        LinuxException.Check(Libc.bind(_handle, address, Libc.sockaddr_nl.Size), "bind netlink socket");
        var length = Libc.sockaddr_nl.Size;
        LinuxException.Check(Libc.getsockname(_handle, ref address, ref length), "read netlink socket address");
        PortId = address.nl_pid;
    }

    private void SetOption(int option, int value) => LinuxException.Check(
        Libc.setsockopt(_handle, Libc.SOL_NETLINK, option, value, sizeof(int)), $"set netlink socket option {option}");
}
