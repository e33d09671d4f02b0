using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables;

/// <summary>
/// The contents of registers: a set's key, a map's data, a constant to compare with. At most 64 bytes, held inline.
/// </summary>
/// <remarks>
/// Whatever comes from a packet is in network byte order; marks, and numbers the kernel makes, are in the machine's. In a concatenation every
/// part is padded with zeros to 4 bytes, because each starts in a register of its own; a single value is as long as its type.
/// </remarks>
public readonly struct NftValue : IEquatable<NftValue>
{
    private readonly Storage _bytes;

    private NftValue(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > NFT_DATA_VALUE_MAXLEN)
        {
            throw new ArgumentException($"a register value of {bytes.Length} bytes is larger than {NFT_DATA_VALUE_MAXLEN}");
        }

        bytes.CopyTo(_bytes);
        Length = bytes.Length;
    }

    /// <summary>In bytes.</summary>
    public int Length { get; }

    /// <summary>The bytes as the kernel sees them.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> Bytes => ((ReadOnlySpan<byte>)_bytes)[..Length];

    /// <summary>Bytes as they are.</summary>
    public static NftValue Of(ReadOnlySpan<byte> bytes) => new(bytes);

    /// <summary>4 or 16 bytes.</summary>
    public static NftValue Address(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return address.TryWriteBytes(bytes, out var length) ? new(bytes[..length]) : throw new ArgumentException($"address {address}");
    }

    /// <summary>An IP protocol number, one byte.</summary>
    public static NftValue Protocol(ProtocolType protocol) => U8((byte)protocol);

    /// <summary>A transport port, two bytes in network order.</summary>
    public static NftValue Port(int port) => U16BigEndian(checked((ushort)port));

    /// <summary>One byte.</summary>
    public static NftValue U8(byte value) => new([value]);

    /// <summary>Two bytes in network order.</summary>
    public static NftValue U16BigEndian(ushort value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        return new(bytes);
    }

    /// <summary>Four bytes in the machine's order: marks, random slots, connection-tracking state.</summary>
    public static NftValue U32(uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        MemoryMarshal.Write(bytes, value);
        return new(bytes);
    }

    /// <summary>A device name, 16 bytes with zeros behind it.</summary>
    public static NftValue InterfaceName(string name)
    {
        Span<byte> bytes = stackalloc byte[Uapi.IfHeader.IFNAMSIZ];
        bytes.Clear();
        return Encoding.UTF8.TryGetBytes(name, bytes[..^1], out _)
            ? new(bytes)
            : throw new ArgumentException($"device name '{name}' has more than {Uapi.IfHeader.IFNAMSIZ - 1} bytes");
    }

    /// <summary>The parts one behind the other, each padded to 4 bytes.</summary>
    /// <exception cref="ArgumentException">Together longer than 64 bytes.</exception>
    public static NftValue Concat(params ReadOnlySpan<NftValue> parts)
    {
        Span<byte> bytes = stackalloc byte[NFT_DATA_VALUE_MAXLEN];
        bytes.Clear();
        var length = 0;
        foreach (ref readonly var part in parts)
        {
            if (length + part.Length > bytes.Length)
            {
                throw new ArgumentException($"a concatenation is longer than {NFT_DATA_VALUE_MAXLEN} bytes");
            }

            part.Bytes.CopyTo(bytes[length..]);
            length += NetlinkWriter.Align(part.Length);
        }

        return new(bytes[..length]);
    }

    /// <inheritdoc/>
    public bool Equals(NftValue other) => Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is NftValue other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(Bytes);
        return hash.ToHashCode();
    }

    /// <summary>Hexadecimal.</summary>
    public override string ToString() => Convert.ToHexString(Bytes);

    /// <summary>Same length and bytes.</summary>
    public static bool operator ==(NftValue left, NftValue right) => left.Equals(right);

    /// <summary>Not the same.</summary>
    public static bool operator !=(NftValue left, NftValue right) => !left.Equals(right);

    /// <summary><c>type | NESTED { NFTA_DATA_VALUE bytes }</c>.</summary>
    internal void Write(ref NetlinkWriter writer, int type)
    {
        var data = writer.BeginNested(type | Uapi.NetlinkHeader.NLA_F_NESTED);
        writer.Bytes(NFTA_DATA_VALUE, Bytes);
        writer.EndNested(data);
    }

    [InlineArray(NFT_DATA_VALUE_MAXLEN)]
    private struct Storage
    {
        private byte _first;
    }
}
