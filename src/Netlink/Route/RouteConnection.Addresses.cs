using System.Net;
using System.Runtime.InteropServices;
using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.IfAddrHeader;
using static Dataplane.Netlink.Uapi.NetlinkHeader;
using static Dataplane.Netlink.Uapi.RtnetlinkHeader;

namespace Dataplane.Netlink.Route;

public sealed partial class RouteConnection
{
    /// <summary>
    /// Gives a device an address; one that it has already stays. An IPv6 address is usable at once: duplicate address detection is
    /// skipped (IFA_F_NODAD), because whoever calls this owns the range the address is from.
    /// </summary>
    public void AddAddress(int index, IPAddress address, int prefixLength) => ChangeAddress(
        RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, index, address, prefixLength, "add address");

    /// <exception cref="NetlinkException">EADDRNOTAVAIL when the device does not have it.</exception>
    public void DeleteAddress(int index, IPAddress address, int prefixLength) => ChangeAddress(
        RTM_DELADDR, NLM_F_ACK, index, address, prefixLength, "delete address");

    /// <summary>All addresses of the namespace's devices, both families.</summary>
    public IReadOnlyList<LinkAddress> Addresses()
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        writer.BeginMessage(RTM_GETADDR, NLM_F_DUMP);
        RouteHeaders.WriteAddress(ref writer, family: 0, prefixLength: 0, flags: 0, index: 0);
        return _connection.Dump(writer.Message(), ParseAddress, "list addresses");
    }

    private void ChangeAddress(int type, int flags, int index, IPAddress address, int prefixLength, string operation)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        RouteRequests.Address(ref writer, type, flags, index, address, prefixLength);
        _connection.Execute(writer.Message(), operation, new LinkAddress(index, address, prefixLength));
    }

    private static LinkAddress? ParseAddress(NetlinkMessage message)
    {
        var header = message.Header(RouteHeaders.AddressLength);
        IPAddress? address = null, local = null;
        var attributes = message.Attributes(RouteHeaders.AddressLength);
        while (attributes.Read(out var attribute))
        {
            switch (attribute.Type)
            {
                case IFA_ADDRESS:
                    address = Address(attribute);
                    break;
                case IFA_LOCAL:
                    local = Address(attribute);
                    break;
            }
        }

        // IFA_ADDRESS is the other side's address on a point-to-point device (linux/if_addr.h).
        return (local ?? address) is { } own ? new LinkAddress(MemoryMarshal.Read<int>(header[4..]), own, header[1]) : null;
    }

    private static IPAddress Address(NetlinkAttribute attribute) => attribute.Value.Length is 4 or 16
        ? new IPAddress(attribute.Value)
        : throw new MalformedNetlinkException($"attribute {attribute.Type} has {attribute.Value.Length} bytes where an address is due");
}
