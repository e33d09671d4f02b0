namespace Dataplane.Netlink.Nftables;

/// <summary>An element that counts.</summary>
/// <param name="Key">The element's key.</param>
/// <param name="Packets">Since it was made.</param>
/// <param name="Bytes">Since it was made.</param>
public readonly record struct NftCount(NftValue Key, ulong Packets, ulong Bytes);
