using System.Net;
using System.Net.Sockets;
using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.IpsetHeader;
using static Dataplane.Netlink.Uapi.NetlinkHeader;
using static Dataplane.Netlink.Uapi.NfNetlinkHeader;
using static Dataplane.Netlink.Uapi.SocketHeader;

namespace Dataplane.Netlink.Ipset;

/// <summary>
/// Messages of nfnetlink's subsystem 6. Numbers in the nested parts are big-endian and must say so (NLA_F_NET_BYTEORDER).
/// <code>
/// nfgenmsg | PROTOCOL u8 | SETNAME | CREATE: TYPENAME, REVISION u8, FAMILY u8, DATA (header)
///                                  | ADD, DEL: LINENO be32, ADT ( DATA ( IP (IPADDR_IPV4), PORT be16, PROTO u8, IP2, CIDR2 u8, SKBMARK be64, LINENO ), ... )
/// </code>
/// Source: linux/netfilter/ipset/ip_set.h, net/netfilter/ipset/ip_set_core.c.
/// </summary>
internal static class IpsetMessages
{
    /// <summary>struct nfgenmsg.</summary>
    internal const int HeaderLength = 4;

    /// <summary>Elements of one message: the longest, IPv6 address, port, address and mark, has 104 bytes, and an attribute at most 65,535.</summary>
    internal const int MostElements = 600;

    internal static void Begin(ref NetlinkWriter writer, int command, int flags, string? set)
    {
        writer.BeginMessage((NFNL_SUBSYS_IPSET << 8) | command, flags);
        writer.Reserve(HeaderLength)[0] = AF_INET;
        writer.U8(IPSET_ATTR_PROTOCOL, IPSET_PROTOCOL);
        if (set is not null)
        {
            writer.String(IPSET_ATTR_SETNAME, set);
        }
    }

    internal static void WriteCreation(ref NetlinkWriter writer, IpsetDefinition set, byte revision)
    {
        writer.String(IPSET_ATTR_TYPENAME, set.TypeName);
        writer.U8(IPSET_ATTR_REVISION, revision);
        writer.U8(IPSET_ATTR_FAMILY, Family(set.Family));
        var data = writer.BeginNested(IPSET_ATTR_DATA | NLA_F_NESTED);
        if (set.Type == IpsetType.Port)
        {
            writer.U16BigEndian(IPSET_ATTR_PORT | NLA_F_NET_BYTEORDER, 0);
            writer.U16BigEndian(IPSET_ATTR_PORT_TO | NLA_F_NET_BYTEORDER, ushort.MaxValue);
        }
        else
        {
            writer.U32BigEndian(IPSET_ATTR_MAXELEM | NLA_F_NET_BYTEORDER, set.MaxElements);
        }

        if (set.WithMarks)
        {
            writer.U32BigEndian(IPSET_ATTR_CADT_FLAGS | NLA_F_NET_BYTEORDER, IPSET_FLAG_WITH_SKBINFO);
        }

        writer.EndNested(data);
    }

    internal static void WriteElements(ref NetlinkWriter writer, ReadOnlySpan<IpsetElement> elements)
    {
        writer.U32BigEndian(IPSET_ATTR_LINENO | NLA_F_NET_BYTEORDER, 1);
        var all = writer.BeginNested(IPSET_ATTR_ADT | NLA_F_NESTED);
        for (var index = 0; index < elements.Length; index++)
        {
            var data = writer.BeginNested(IPSET_ATTR_DATA | NLA_F_NESTED);
            WriteElement(ref writer, elements[index]);
            // How the kernel says which element it refused.
            writer.U32BigEndian(IPSET_ATTR_LINENO | NLA_F_NET_BYTEORDER, (uint)index + 1);
            writer.EndNested(data);
        }

        writer.EndNested(all);
    }

    internal static IpsetInfo? ParseInfo(NetlinkMessage message)
    {
        string? name = null, type = null;
        var family = AddressFamily.Unspecified;
        uint most = 0, count = 0, flags = 0;
        var attributes = message.Attributes(HeaderLength);
        while (attributes.Read(out var attribute))
        {
            switch (attribute.Type)
            {
                case IPSET_ATTR_SETNAME:
                    name = attribute.Text;
                    break;
                case IPSET_ATTR_TYPENAME:
                    type = attribute.Text;
                    break;
                case IPSET_ATTR_FAMILY:
                    family = attribute.U8 switch { AF_INET => AddressFamily.InterNetwork, AF_INET6 => AddressFamily.InterNetworkV6, _ => AddressFamily.Unspecified };
                    break;
                case IPSET_ATTR_DATA:
                    var data = attribute.Nested;
                    while (data.Read(out var item))
                    {
                        switch (item.Type)
                        {
                            case IPSET_ATTR_MAXELEM:
                                most = item.U32BigEndian;
                                break;
                            case IPSET_ATTR_ELEMENTS:
                                count = item.U32BigEndian;
                                break;
                            case IPSET_ATTR_CADT_FLAGS:
                                flags = item.U32BigEndian;
                                break;
                        }
                    }

                    break;
            }
        }

        // A listing of a large set goes on in messages without the header.
        return name is null || type is null ? null : new IpsetInfo(name, type, family, most, count, (flags & IPSET_FLAG_WITH_SKBINFO) != 0);
    }

    internal static List<IpsetElement>? ParseElements(NetlinkMessage message)
    {
        var attributes = message.Attributes(HeaderLength);
        while (attributes.Read(out var attribute))
        {
            if (attribute.Type == IPSET_ATTR_ADT)
            {
                var elements = new List<IpsetElement>();
                var all = attribute.Nested;
                while (all.Read(out var data))
                {
                    elements.Add(ParseElement(data.Nested));
                }

                return elements;
            }
        }

        return null;
    }

    private static void WriteElement(ref NetlinkWriter writer, IpsetElement element)
    {
        if (element.Address is { } address)
        {
            WriteAddress(ref writer, IPSET_ATTR_IP, address);
        }

        if (element.Port != 0 || element.Protocol != 0 || element.Address is null)
        {
            writer.U16BigEndian(IPSET_ATTR_PORT | NLA_F_NET_BYTEORDER, element.Port);
        }

        if (element.Protocol != 0)
        {
            writer.U8(IPSET_ATTR_PROTO, element.Protocol);
        }

        if (element.Network is { } network)
        {
            WriteAddress(ref writer, IPSET_ATTR_IP2, network.BaseAddress);
            if (network.PrefixLength < network.BaseAddress.GetAddressBytes().Length * 8)
            {
                writer.U8(IPSET_ATTR_CIDR2, (byte)network.PrefixLength);
            }
        }

        if (element.Mark != 0)
        {
            // The mark above, the mask below: all of the packet's mark is replaced.
            writer.U64BigEndian(IPSET_ATTR_SKBMARK | NLA_F_NET_BYTEORDER, ((ulong)element.Mark << 32) | uint.MaxValue);
        }
    }

    private static IpsetElement ParseElement(AttributeReader attributes)
    {
        IPAddress? address = null, other = null;
        byte protocol = 0;
        ushort port = 0;
        byte? length = null;
        uint mark = 0;
        while (attributes.Read(out var attribute))
        {
            switch (attribute.Type)
            {
                case IPSET_ATTR_IP:
                    address = Address(attribute);
                    break;
                case IPSET_ATTR_PORT:
                    port = attribute.U16BigEndian;
                    break;
                case IPSET_ATTR_PROTO:
                    protocol = attribute.U8;
                    break;
                case IPSET_ATTR_IP2:
                    other = Address(attribute);
                    break;
                case IPSET_ATTR_CIDR2:
                    length = attribute.U8;
                    break;
                case IPSET_ATTR_SKBMARK:
                    mark = (uint)(attribute.U64BigEndian >> 32);
                    break;
            }
        }

        return new IpsetElement(address, protocol, port, other is null ? null : new IPNetwork(other, length ?? other.GetAddressBytes().Length * 8)) { Mark = mark };
    }

    private static void WriteAddress(ref NetlinkWriter writer, int type, IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        var nested = writer.BeginNested(type | NLA_F_NESTED);
        writer.Bytes((length == 4 ? IPSET_ATTR_IPADDR_IPV4 : IPSET_ATTR_IPADDR_IPV6) | NLA_F_NET_BYTEORDER, bytes[..length]);
        writer.EndNested(nested);
    }

    private static IPAddress? Address(NetlinkAttribute attribute)
    {
        var nested = attribute.Nested;
        return nested.Read(out var address) && address.Value.Length is 4 or 16 ? new IPAddress(address.Value) : null;
    }

    internal static byte Family(AddressFamily family) => family switch
    {
        AddressFamily.InterNetwork => AF_INET,
        AddressFamily.InterNetworkV6 => AF_INET6,
        _ => AF_UNSPEC,
    };
}
