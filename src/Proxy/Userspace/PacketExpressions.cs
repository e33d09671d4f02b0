using System.Net;
using System.Net.Sockets;
using System.Text;
using Dataplane.Netlink.Nftables;
using Dataplane.Netlink.Nftables.Expressions;
using Dataplane.Netlink.Route;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Userspace;

/// <summary>What rules of one family look at. Keys start at the first register, each part of a concatenation from a register of 4 bytes on.</summary>
internal sealed class PacketExpressions(AddressFamily family)
{
    internal AddressFamily Family { get; } = family;

    private bool IPv6 => Family == AddressFamily.InterNetworkV6;

    internal static NftExpression[] IsMarked(uint bit) =>
        [new Meta(MetaKey.Mark, NftRegister.W0), Bitwise.And(NftRegister.W0, bit), Compare.NotEqual(NftRegister.W0, NftValue.U32(0))];

    internal static NftExpression[] IsTcp =>
        [new Meta(MetaKey.TransportProtocol, NftRegister.W0), Compare.Equal(NftRegister.W0, NftValue.Protocol(ProtocolType.Tcp))];

    internal static NftExpression[] NodePortKey =>
        [new Meta(MetaKey.TransportProtocol, NftRegister.W0), Payload.DestinationPort(NftRegister.W1)];

    internal static NftExpression[] ToThisNode =>
    [
        new Fib(FibFlags.Destination, FibResult.AddressType, NftRegister.W0),
        Compare.Equal(NftRegister.W0, NftValue.U32((uint)RouteType.Local)),
    ];

    internal NftExpression Destination => IPv6 ? Payload.Ipv6Destination(NftRegister.W0) : Payload.Ipv4Destination(NftRegister.W0);

    internal NftExpression[] ServiceKey => IPv6
        ? [Destination, new Meta(MetaKey.TransportProtocol, NftRegister.W4), Payload.DestinationPort(NftRegister.W5)]
        : [Destination, new Meta(MetaKey.TransportProtocol, NftRegister.W1), Payload.DestinationPort(NftRegister.W2)];

    /// <summary>Makes the key of a service one of service and source.</summary>
    internal NftExpression SourceBehindServiceKey => IPv6 ? Payload.Ipv6Source(NftRegister.W6) : Payload.Ipv4Source(NftRegister.W3);

    internal NftExpression[] To(IPNetwork network) =>
        [Destination, Mask(network), Compare.Equal(NftRegister.W0, NftValue.Address(network.BaseAddress))];

    /// <summary>Matches what no pod sent. Only for packets that arrived: the node's own are no outsider's either.</summary>
    internal NftExpression[] NotFrom(LocalDetector pods) => pods switch
    {
        LocalDetector.Networks networks => [.. networks.Cidrs.Where(cidr => cidr.BaseAddress.AddressFamily == Family).SelectMany(NotFrom)],
        LocalDetector.Interface device =>
        [
            new Meta(MetaKey.InputName, NftRegister.W0),
            Compare.NotEqual(
                NftRegister.W0, device.IsPrefix ? NftValue.Of(Encoding.UTF8.GetBytes(device.Name)) : NftValue.InterfaceName(device.Name)),
        ],
        _ => [],
    };

    private NftExpression[] NotFrom(IPNetwork network) =>
    [
        IPv6 ? Payload.Ipv6Source(NftRegister.W0) : Payload.Ipv4Source(NftRegister.W0),
        Mask(network),
        Compare.NotEqual(NftRegister.W0, NftValue.Address(network.BaseAddress)),
    ];

    private static Bitwise Mask(IPNetwork network)
    {
        var mask = new byte[network.BaseAddress.GetAddressBytes().Length];
        for (var bit = 0; bit < network.PrefixLength; bit++)
        {
            mask[bit / 8] |= (byte)(0x80 >> (bit % 8));
        }

        return new Bitwise(NftRegister.W0, NftRegister.W0, NftValue.Of(mask), NftValue.Of(new byte[mask.Length]));
    }
}
