using System.Net;
using System.Net.Sockets;
using Dataplane.Netlink.Nftables;

namespace Dataplane.Proxy.Nftables.Rendering;

internal static class Families
{
    internal static NftFamily Of(IPAddress address) => Of(address.AddressFamily);

    internal static NftFamily Of(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? NftFamily.Ip6 : NftFamily.Ip;
}
