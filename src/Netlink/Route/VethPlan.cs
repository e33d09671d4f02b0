using System.Net.NetworkInformation;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Netlink.Route;

/// <summary>A veth pair to be made, the peer at once in another namespace.</summary>
/// <param name="Name">This namespace's end.</param>
/// <param name="PeerName">The other end.</param>
/// <param name="PeerNamespace">Where the other end is.</param>
public sealed record VethPlan(string Name, string PeerName, NetworkNamespace PeerNamespace)
{
    /// <summary>The bridge that this namespace's end is a port of; null for none.</summary>
    public int? MasterIndex { get; init; }

    /// <summary>Whether this namespace's end comes up.</summary>
    public bool Up { get; init; }

    /// <summary>Of both ends, in bytes; null for the kernel's.</summary>
    public int? Mtu { get; init; }

    /// <summary>Null for one that the kernel draws.</summary>
    public PhysicalAddress? HardwareAddress { get; init; }

    /// <summary>Null for one that the kernel draws.</summary>
    public PhysicalAddress? PeerHardwareAddress { get; init; }
}
