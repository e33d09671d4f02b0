using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;

namespace Dataplane.Linux.TransparentSockets;

/// <summary>A non-blocking UDP socket that tells to which of the machine's addresses a datagram came and answers from there.</summary>
public sealed class DatagramSocket : InetSocket
{
    // cmsghdr (16 bytes) and the larger payload, in6_pktinfo (20 bytes), rounded up to 8: linux/socket.h, CMSG_SPACE.
    private const int ControlSize = 40;
    private const int ControlHeaderSize = 16;

    private bool _ipv6;

    /// <summary>Opens an unbound socket in the network namespace of the calling thread.</summary>
    /// <returns>0, or minus errno (EMFILE, ENFILE).</returns>
    public int Open(bool ipv6)
    {
        _ipv6 = ipv6;
        return Adopt(Libc.OpenInetSocket(InetFamily.Of(ipv6), InetFamily.SOCK_DGRAM | InetFamily.Flags, 0));
    }

    /// <summary>Binds for <see cref="ReceiveFrom"/>.</summary>
    /// <exception cref="LinuxException">EADDRINUSE, EADDRNOTAVAIL.</exception>
    public void Listen(InetEndPoint local)
    {
        if (_ipv6)
        {
            RequireOption(Libc.SOL_IPV6, Libc.IPV6_V6ONLY, 1, "IPV6_V6ONLY");
            RequireOption(Libc.SOL_IPV6, Libc.IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
        }
        else
        {
            RequireOption(Libc.SOL_IP, Libc.IP_PKTINFO, 1, "IP_PKTINFO");
        }

        Bind(local);
    }

    /// <summary>Fixes the peer: only its datagrams, and its ICMP errors, arrive from now on.</summary>
    /// <returns>0, or minus errno.</returns>
    public int Connect(in InetEndPoint remote) => ConnectTo(remote);

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

    /// <summary>Receives one datagram.</summary>
    /// <param name="local">The local address it was sent to; its port is 0.</param>
    /// <returns>Bytes, or minus errno.</returns>
    public unsafe int ReceiveFrom(Span<byte> buffer, out InetEndPoint peer, out InetEndPoint local)
    {
        var name = stackalloc byte[InetEndPoint.MaxSocketAddressSize];
        var control = stackalloc byte[ControlSize];
        nint count;
        Libc.MessageHeader header;
        fixed (byte* data = buffer)
        {
            var vector = new Libc.IoVector { Base = data, Length = (nuint)buffer.Length };
            header = new Libc.MessageHeader
            {
                Name = name,
                NameLength = InetEndPoint.MaxSocketAddressSize,
                Vectors = &vector,
                VectorCount = 1,
                Control = control,
                ControlLength = ControlSize,
            };
            count = Libc.ReceiveInetMessage(this, &header, 0);
        }

        if (count < 0)
        {
            peer = local = default;
            return -Marshal.GetLastPInvokeError();
        }

        peer = InetEndPoint.ReadSocketAddress(new ReadOnlySpan<byte>(name, InetEndPoint.MaxSocketAddressSize));
        local = ReadPacketInfo(new ReadOnlySpan<byte>(control, (int)header.ControlLength));
        return (int)count;
    }

    /// <summary>Sends one datagram from a given local address, whatever the route to the peer would choose.</summary>
    /// <returns>Bytes, or minus errno.</returns>
    public unsafe int SendTo(ReadOnlySpan<byte> datagram, in InetEndPoint peer, in InetEndPoint local)
    {
        var name = stackalloc byte[InetEndPoint.MaxSocketAddressSize];
        var control = stackalloc byte[ControlSize];
        var nameLength = peer.WriteSocketAddress(new Span<byte>(name, InetEndPoint.MaxSocketAddressSize));
        var controlLength = WritePacketInfo(new Span<byte>(control, ControlSize), local);
        nint count;
        fixed (byte* data = datagram)
        {
            var vector = new Libc.IoVector { Base = data, Length = (nuint)datagram.Length };
            var header = new Libc.MessageHeader
            {
                Name = name,
                NameLength = nameLength,
                Vectors = &vector,
                VectorCount = 1,
                Control = control,
                ControlLength = (nuint)controlLength,
            };
            count = Libc.SendInetMessage(this, &header, 0);
        }

        return count < 0 ? -Marshal.GetLastPInvokeError() : (int)count;
    }

    // cmsghdr { size_t len; int level; int type; } then in_pktinfo { int ifindex; in_addr spec_dst; in_addr addr; }
    // or in6_pktinfo { in6_addr addr; unsigned ifindex; }: linux/socket.h, linux/in.h, linux/ipv6.h.
    private InetEndPoint ReadPacketInfo(ReadOnlySpan<byte> control)
    {
        if (control.Length < ControlHeaderSize + 12)
        {
            return new InetEndPoint(UInt128.Zero, 0, _ipv6);
        }

        var data = control[ControlHeaderSize..];
        return _ipv6
            ? new InetEndPoint(BinaryPrimitives.ReadUInt128BigEndian(data), 0, true)
            : new InetEndPoint(BinaryPrimitives.ReadUInt32BigEndian(data[8..]), 0, false);
    }

    private int WritePacketInfo(Span<byte> control, in InetEndPoint local)
    {
        control.Clear();
        var dataSize = _ipv6 ? 20 : 12;
        MemoryMarshal.Write(control, (nuint)(ControlHeaderSize + dataSize));
        MemoryMarshal.Write(control[8..], _ipv6 ? Libc.SOL_IPV6 : Libc.SOL_IP);
        MemoryMarshal.Write(control[12..], _ipv6 ? Libc.IPV6_PKTINFO : Libc.IP_PKTINFO);
        var data = control[ControlHeaderSize..];
        if (_ipv6)
        {
            BinaryPrimitives.WriteUInt128BigEndian(data, local.Address);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(data[4..], (uint)local.Address);
        }

        return ControlHeaderSize + ((dataSize + 7) & ~7);
    }
}
