using System.Net;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Nftables.Rendering;

/// <summary>Keys and data of elements.</summary>
internal static class Elements
{
    internal static NftValue FrontEnd(FrontEnd frontEnd)
    {
        var protocol = NftValue.U8((byte)frontEnd.Protocol);
        var port = NftValue.U16BigEndian(frontEnd.Port);
        return frontEnd.Address is { } address
            ? NftValue.Concat(NftValue.Address(address), protocol, port)
            : NftValue.Concat(protocol, port);
    }

    internal static NftElement Endpoint(FrontEnd frontEnd, int slot, EndpointTarget target) =>
        new(NftValue.Concat(FrontEnd(frontEnd), NftValue.U32((uint)slot)), Target(target));

    internal static NftElement AffineSlot(FrontEnd frontEnd, int slot, uint number) =>
        new(NftValue.Concat(FrontEnd(frontEnd), NftValue.U32((uint)slot)), NftValue.U32(number));

    internal static NftElement AffineEndpoint(FrontEnd frontEnd, uint number, EndpointTarget target) =>
        new(NftValue.Concat(FrontEnd(frontEnd), NftValue.U32(number)), Target(target));

    internal static NftElement Hairpin(IPAddress address) => new(NftValue.Concat(NftValue.Address(address), NftValue.Address(address)));

    internal static NftElement SourceRange(FrontEnd frontEnd, IPNetwork range)
    {
        var first = range.BaseAddress.GetAddressBytes();
        var last = range.BaseAddress.GetAddressBytes();
        for (var bit = range.PrefixLength; bit < last.Length * 8; bit++)
        {
            last[bit / 8] |= (byte)(0x80 >> (bit % 8));
        }

        var key = FrontEnd(frontEnd);
        return new NftElement(NftValue.Concat(key, NftValue.Of(first))) { KeyEnd = NftValue.Concat(key, NftValue.Of(last)) };
    }

    internal static NftValue Target(EndpointTarget target) => NftValue.Concat(NftValue.Address(target.Address), NftValue.U16BigEndian(target.Port));
}
