using System.Net.NetworkInformation;

namespace Dataplane.Netlink.Route;

/// <summary>A network device.</summary>
/// <param name="Index">Interface index, unique within the namespace.</param>
/// <param name="Name">At most 15 bytes.</param>
/// <param name="Kind">IFLA_INFO_KIND such as <c>bridge</c> or <c>veth</c>; empty for hardware and loopback.</param>
/// <param name="MasterIndex">The bridge it is a port of, or null.</param>
/// <param name="Up">IFF_UP: the administrator's wish, not the carrier's state.</param>
/// <param name="Mtu">In bytes.</param>
/// <param name="HardwareAddress">Six bytes for Ethernet.</param>
public sealed record Link(int Index, string Name, string Kind, int? MasterIndex, bool Up, int Mtu, PhysicalAddress HardwareAddress);
