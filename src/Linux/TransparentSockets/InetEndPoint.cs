using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;

namespace Dataplane.Linux.TransparentSockets;

/// <summary>
/// Address and port as a value, for keys and system calls that must not allocate. The address is the number whose
/// most significant byte comes first on the wire; an IPv4 address uses the low 32 bits. The port is in host order.
/// </summary>
public readonly record struct InetEndPoint(UInt128 Address, ushort Port, bool IsIPv6)
{
    /// <summary>sizeof(struct sockaddr_in6), the larger of the two.</summary>
    internal const int MaxSocketAddressSize = 28;

    /// <summary>The unspecified address.</summary>
    public bool IsAny => Address == UInt128.Zero;

    /// <summary>From the framework's types; an IPv4-mapped IPv6 address becomes IPv4.</summary>
    public static InetEndPoint From(IPAddress address, int port)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        address.TryWriteBytes(bytes, out var length);
        return length == 4
            ? new InetEndPoint(BinaryPrimitives.ReadUInt32BigEndian(bytes), checked((ushort)port), false)
            : new InetEndPoint(BinaryPrimitives.ReadUInt128BigEndian(bytes), checked((ushort)port), true);
    }

    /// <inheritdoc cref="From(IPAddress, int)"/>
    public static InetEndPoint From(IPEndPoint endPoint) => From(endPoint.Address, endPoint.Port);

    /// <summary>To the framework's type.</summary>
    public IPEndPoint ToIPEndPoint()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Address);
        return new IPEndPoint(new IPAddress(IsIPv6 ? bytes : bytes[12..]), Port);
    }

    /// <inheritdoc/>
    public override string ToString() => ToIPEndPoint().ToString();

    /// <summary>Writes struct sockaddr_in or sockaddr_in6 (netinet/in.h) and returns its size in bytes.</summary>
    internal int WriteSocketAddress(Span<byte> destination)
    {
        destination[..MaxSocketAddressSize].Clear();
        MemoryMarshal.Write(destination, (ushort)(IsIPv6 ? InetFamily.AF_INET6 : InetFamily.AF_INET));
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], Port);
        if (IsIPv6)
        {
            BinaryPrimitives.WriteUInt128BigEndian(destination[8..], Address);
            return MaxSocketAddressSize;
        }

        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], (uint)Address);
        return 16;
    }

    /// <summary>Reads what <see cref="WriteSocketAddress"/> writes.</summary>
    internal static InetEndPoint ReadSocketAddress(ReadOnlySpan<byte> source)
    {
        var port = BinaryPrimitives.ReadUInt16BigEndian(source[2..]);
        return MemoryMarshal.Read<ushort>(source) == InetFamily.AF_INET6
            ? new InetEndPoint(BinaryPrimitives.ReadUInt128BigEndian(source[8..]), port, true)
            : new InetEndPoint(BinaryPrimitives.ReadUInt32BigEndian(source[4..]), port, false);
    }
}
