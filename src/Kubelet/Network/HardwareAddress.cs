using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Dataplane.Kubelet.Network;

/// <summary>Ethernet addresses made of IP addresses: 0a:58 (locally administered) and the last four bytes, as upstream's bridge makes them.</summary>
internal static class HardwareAddress
{
    internal static PhysicalAddress Of(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        return new PhysicalAddress(address.AddressFamily == AddressFamily.InterNetwork
            ? [0x0a, 0x58, .. bytes]
            : [0x0a, 0x59, .. bytes[^4..]]);
    }
}
