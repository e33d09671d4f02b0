using System.Net.Sockets;

namespace Dataplane.Netlink.Ipset;

/// <summary>What elements of a set look like.</summary>
public enum IpsetType
{
    /// <summary>hash:ip.</summary>
    Address,

    /// <summary>hash:ip,port; a port has a protocol.</summary>
    AddressPort,

    /// <summary>hash:ip,port,ip.</summary>
    AddressPortAddress,

    /// <summary>hash:ip,port,net.</summary>
    AddressPortNetwork,

    /// <summary>bitmap:port: all ports, of no protocol and no family.</summary>
    Port,
}

/// <summary>A set.</summary>
/// <param name="Name">At most 31 bytes.</param>
/// <param name="Type">What its elements look like.</param>
/// <param name="Family">Of the addresses; unspecified for <see cref="IpsetType.Port"/>.</param>
public sealed record IpsetDefinition(string Name, IpsetType Type, AddressFamily Family)
{
    /// <summary>The most elements it takes; of no meaning to <see cref="IpsetType.Port"/>.</summary>
    public uint MaxElements { get; init; } = 65536;

    /// <summary>Its elements carry a packet mark, which the target SET puts on packets (skbinfo).</summary>
    public bool WithMarks { get; init; }

    /// <summary>The kernel's name of a type.</summary>
    public string TypeName => Type switch
    {
        IpsetType.Address => "hash:ip",
        IpsetType.AddressPort => "hash:ip,port",
        IpsetType.AddressPortAddress => "hash:ip,port,ip",
        IpsetType.AddressPortNetwork => "hash:ip,port,net",
        _ => "bitmap:port",
    };
}

/// <summary>A set as the kernel lists it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="TypeName">The kernel's name of its type.</param>
/// <param name="Family">Of its addresses; unspecified for ports.</param>
/// <param name="MaxElements">The most elements it takes; 0 for ports.</param>
/// <param name="Elements">Elements in it, where the kernel tells (since 4.10), else 0.</param>
/// <param name="WithMarks">Its elements carry marks.</param>
public sealed record IpsetInfo(string Name, string TypeName, AddressFamily Family, uint MaxElements, uint Elements, bool WithMarks);
