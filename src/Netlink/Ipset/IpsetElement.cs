using System.Net;

namespace Dataplane.Netlink.Ipset;

/// <summary>An element of a set: as much of it as the set's type has.</summary>
/// <param name="Address">The first address; null for ports alone.</param>
/// <param name="Protocol">IP protocol number; 0 where the type has none.</param>
/// <param name="Port">Host byte order.</param>
/// <param name="Network">The last address or network, a single one with its full length; null where the type has none.</param>
public readonly record struct IpsetElement(IPAddress? Address, byte Protocol, ushort Port, IPNetwork? Network)
{
    /// <summary>What a packet's mark becomes; no part of what tells elements apart in the kernel. 0 for none.</summary>
    public uint Mark { get; init; }

    /// <summary>Of hash:ip.</summary>
    public static IpsetElement Of(IPAddress address) => new(address, 0, 0, null);

    /// <summary>Of bitmap:port.</summary>
    public static IpsetElement Of(ushort port) => new(null, 0, port, null);

    /// <summary>Of hash:ip,port.</summary>
    public static IpsetElement Of(IPAddress address, byte protocol, ushort port) => new(address, protocol, port, null);

    /// <summary>Of hash:ip,port,ip.</summary>
    public static IpsetElement Of(IPAddress address, byte protocol, ushort port, IPAddress other) =>
        new(address, protocol, port, new IPNetwork(other, other.GetAddressBytes().Length * 8));

    /// <summary>Of hash:ip,port,net.</summary>
    public static IpsetElement Of(IPAddress address, byte protocol, ushort port, IPNetwork network) => new(address, protocol, port, network);
}
