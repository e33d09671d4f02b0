using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables;

/// <summary>
/// A data type of nft. The kernel keeps the number without a meaning for it (but for verdicts) and <c>nft list</c> shows values by it.
/// </summary>
/// <param name="Id">enum datatypes of nft's include/datatype.h.</param>
/// <param name="Length">In bytes; 0 for a verdict.</param>
public readonly record struct NftType(uint Id, int Length)
{
    /// <summary>Bits per part in the type number of a concatenation (nft's TYPE_BITS).</summary>
    private const int BitsPerPart = 6;

    /// <summary>ipv4_addr.</summary>
    public static NftType Ipv4Address => new(7, 4);

    /// <summary>ipv6_addr.</summary>
    public static NftType Ipv6Address => new(8, 16);

    /// <summary>inet_proto.</summary>
    public static NftType InetProtocol => new(12, 1);

    /// <summary>inet_service: a port.</summary>
    public static NftType InetService => new(13, 2);

    /// <summary>mark: 32 bits in the machine's byte order, which is also what numgen makes.</summary>
    public static NftType Mark => new(19, 4);

    /// <summary>classid: what <c>meta priority</c> holds, 32 bits in the machine's byte order.</summary>
    public static NftType ClassId => new(23, 4);

    /// <summary>ifname.</summary>
    public static NftType InterfaceName => new(41, Uapi.IfHeader.IFNAMSIZ);

    /// <summary>The data of a verdict map.</summary>
    public static NftType Verdict => new(NFT_DATA_VERDICT, 0);

    /// <summary>The type of a concatenation, the first part in the highest bits: ipv4_addr . inet_proto . inet_service is 29453.</summary>
    internal static NftType Concat(IReadOnlyList<NftType> parts)
    {
        if (parts.Count == 1)
        {
            return parts[0];
        }

        uint id = 0;
        var length = 0;
        foreach (var part in parts)
        {
            id = (id << BitsPerPart) | part.Id;
            length += Codec.NetlinkWriter.Align(part.Length);
        }

        return new NftType(id, length);
    }
}
