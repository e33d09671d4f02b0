using System.Net;
using System.Net.NetworkInformation;

namespace Dataplane.Netlink.Route;

/// <summary>A VXLAN device to be made.</summary>
/// <param name="Name">At most 15 bytes.</param>
/// <param name="Id">The network's number (VNI), 24 bits.</param>
/// <param name="Port">UDP port on both sides.</param>
/// <param name="Uplink">Index of the device its packets leave by.</param>
/// <param name="Local">Their source address.</param>
/// <param name="Mtu">In bytes, its headers not counted.</param>
/// <param name="HardwareAddress">Its own.</param>
public sealed record VxlanPlan(string Name, int Id, int Port, int Uplink, IPAddress Local, int Mtu, PhysicalAddress HardwareAddress);
