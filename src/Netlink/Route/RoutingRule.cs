using System.Net.Sockets;

namespace Dataplane.Netlink.Route;

/// <summary>Policy routing: packets with a mark are looked up in a table.</summary>
/// <param name="Family">InterNetwork or InterNetworkV6.</param>
/// <param name="Mark">FRA_FWMARK.</param>
/// <param name="Mask">FRA_FWMASK: which bits of the packet's mark are compared.</param>
/// <param name="Table">Routing table.</param>
/// <param name="Priority">Lower ones are asked first; main is at 32766, local at 0.</param>
public sealed record RoutingRule(AddressFamily Family, uint Mark, uint Mask, int Table, int Priority)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Priority}: mark 0x{Mark:x}/0x{Mask:x} table {Table}";
}
