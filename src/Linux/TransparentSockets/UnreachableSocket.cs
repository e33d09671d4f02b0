using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;

namespace Dataplane.Linux.TransparentSockets;

/// <summary>
/// Says by ICMP what the kernel says for a port that nobody listens on: that a datagram was taken by nobody. Its sender's socket then fails with
/// ECONNREFUSED instead of waiting. Sends only; what arrives is filtered out.
/// </summary>
public sealed unsafe class UnreachableSocket : InetSocket
{
    /// <summary>Type, code, checksum, four unused bytes (RFC 792, RFC 4443).</summary>
    private const int IcmpSize = 8;

    private const int HeaderSizeIPv4 = 20;
    private const int HeaderSizeIPv6 = 40;
    private const int UdpSize = 8;
    private const byte ProtocolUdp = 17;
    private const byte HopLimit = 64;

    private bool _ipv6;

    /// <summary>Opens it in the network namespace of the calling thread.</summary>
    /// <returns>0, or minus errno (EPERM without CAP_NET_RAW, EMFILE, ENFILE).</returns>
    public int Open(bool ipv6)
    {
        _ipv6 = ipv6;
        var opened = Adopt(Libc.OpenInetSocket(
            InetFamily.Of(ipv6), Libc.SOCK_RAW | InetFamily.Flags, ipv6 ? Libc.IPPROTO_ICMPV6 : Libc.IPPROTO_ICMP));
        if (opened < 0)
        {
            return opened;
        }

        // A bit for each type that is not to be received: struct icmp_filter (linux/icmp.h), struct icmp6_filter (netinet/icmp6.h).
        Span<byte> none = stackalloc byte[ipv6 ? 32 : sizeof(uint)];
        none.Fill(0xff);
        var (level, name) = ipv6 ? (Libc.IPPROTO_ICMPV6, Libc.ICMP6_FILTER) : (Libc.SOL_RAW, Libc.ICMP_FILTER);
        var filtered = Libc.SetSocketOption(this, level, name, in none[0], none.Length) < 0 ? -Marshal.GetLastPInvokeError() : 0;
        if (filtered < 0)
        {
            CloseSocket();
        }

        return filtered;
    }

    /// <summary>Tells the sender of a datagram. Where the datagram's destination was rewritten on its way here, the kernel does the same to what is quoted of it.</summary>
    /// <param name="sender">Its source.</param>
    /// <param name="destination">Where it arrived.</param>
    /// <returns>0, or minus errno.</returns>
    public int Send(in InetEndPoint sender, in InetEndPoint destination)
    {
        Span<byte> message = stackalloc byte[IcmpSize + HeaderSizeIPv6 + UdpSize];
        message.Clear();
        message = message[..Write(message, sender, destination)];
        Span<byte> name = stackalloc byte[InetEndPoint.MaxSocketAddressSize];
        var vector = new Libc.IoVector { Base = Unsafe.AsPointer(ref message[0]), Length = (nuint)message.Length };

        // A raw socket takes a port for a protocol (raw(7)).
        var header = new Libc.MessageHeader
        {
            NameLength = (sender with { Port = 0 }).WriteSocketAddress(name),
            Name = Unsafe.AsPointer(ref name[0]),
            Vectors = &vector,
            VectorCount = 1,
        };
        return Libc.SendInetMessage(this, &header, Libc.MSG_DONTWAIT) < 0 ? -Marshal.GetLastPInvokeError() : 0;
    }

    private int Write(Span<byte> message, in InetEndPoint sender, in InetEndPoint destination)
    {
        var quoted = message[IcmpSize..];
        var udp = quoted[(_ipv6 ? HeaderSizeIPv6 : HeaderSizeIPv4)..];
        BinaryPrimitives.WriteUInt16BigEndian(udp, sender.Port);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], destination.Port);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], UdpSize);
        if (_ipv6)
        {
            // The kernel writes the checksum, which covers addresses it chooses (RFC 3542, 3.1).
            (message[0], message[1]) = (Libc.ICMP6_DST_UNREACH, Libc.ICMP6_DST_UNREACH_NOPORT);
            quoted[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(quoted[4..], UdpSize);
            (quoted[6], quoted[7]) = (ProtocolUdp, HopLimit);
            BinaryPrimitives.WriteUInt128BigEndian(quoted[8..], sender.Address);
            BinaryPrimitives.WriteUInt128BigEndian(quoted[24..], destination.Address);
            return IcmpSize + HeaderSizeIPv6 + UdpSize;
        }

        (message[0], message[1]) = (Libc.ICMP_DEST_UNREACH, Libc.ICMP_PORT_UNREACH);
        quoted[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(quoted[2..], HeaderSizeIPv4 + UdpSize);
        (quoted[8], quoted[9]) = (HopLimit, ProtocolUdp);
        BinaryPrimitives.WriteUInt32BigEndian(quoted[12..], (uint)sender.Address);
        BinaryPrimitives.WriteUInt32BigEndian(quoted[16..], (uint)destination.Address);
        BinaryPrimitives.WriteUInt16BigEndian(quoted[10..], Checksum(quoted[..HeaderSizeIPv4]));
        const int Length = IcmpSize + HeaderSizeIPv4 + UdpSize;
        BinaryPrimitives.WriteUInt16BigEndian(message[2..], Checksum(message[..Length]));
        return Length;
    }

    /// <summary>RFC 1071, of an even number of bytes.</summary>
    private static ushort Checksum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (; !bytes.IsEmpty; bytes = bytes[2..])
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
        }

        sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~(sum + (sum >> 16));
    }
}
