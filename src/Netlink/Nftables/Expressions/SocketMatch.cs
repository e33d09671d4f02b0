using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NfTablesHeader;

namespace Dataplane.Netlink.Nftables.Expressions;

/// <summary>
/// Finds the socket that the packet belongs to already and loads a property of it; no socket, no match.
/// <code>
/// socket
///   NFTA_SOCKET_KEY   enum nft_socket_keys
///   NFTA_SOCKET_DREG  register
/// </code>
/// </summary>
/// <param name="Key">Which property.</param>
/// <param name="Destination">Where to.</param>
public sealed record SocketMatch(SocketKey Key, NftRegister Destination) : NftExpression
{
    internal override string Name => "socket";

    internal override void WriteData(ref NetlinkWriter writer)
    {
        writer.U32BigEndian(NFTA_SOCKET_KEY, (uint)Key);
        writer.U32BigEndian(NFTA_SOCKET_DREG, (uint)Destination);
    }
}

/// <summary>enum nft_socket_keys.</summary>
public enum SocketKey : uint
{
    /// <summary>IP_TRANSPARENT, 1 byte.</summary>
    Transparent = NFT_SOCKET_TRANSPARENT,

    /// <summary>SO_MARK, 4 bytes in the machine's order.</summary>
    Mark = NFT_SOCKET_MARK,

    /// <summary>Bound to no address, 1 byte (Linux 5.11).</summary>
    Wildcard = NFT_SOCKET_WILDCARD,
}
