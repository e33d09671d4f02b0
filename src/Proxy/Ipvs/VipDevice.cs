using System.Net;
using System.Net.Sockets;
using Dataplane.Linux;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink;
using Dataplane.Netlink.Route;

namespace Dataplane.Proxy.Ipvs;

/// <summary>The device that holds every Service's address, which makes the kernel take packets to them in: IPVS sees no others.</summary>
internal sealed class VipDevice : IDisposable
{
    internal const string DeviceName = "kube-ipvs0";

    private readonly RouteConnection _route;
    private int _index;

    internal VipDevice(NetworkNamespace? networkNamespace) => _route = RouteConnection.Open(networkNamespace);

    /// <summary>Makes it if it is not there.</summary>
    internal void Ensure()
    {
        _index = _route.FindLink(DeviceName)?.Index ?? _route.CreateDummy(DeviceName);
        _route.SetUp(_index);
    }

    /// <summary>Addresses on the device, and the node's own: those of its other devices, loopback apart.</summary>
    internal (HashSet<IPAddress> Held, List<IPAddress> Node) Addresses()
    {
        var held = new HashSet<IPAddress>();
        var node = new List<IPAddress>();
        foreach (var address in _route.Addresses())
        {
            if (address.Address.IsIPv6LinkLocal || IPAddress.IsLoopback(address.Address))
            {
                continue;
            }

            if (address.LinkIndex == _index)
            {
                held.Add(address.Address);
            }
            else
            {
                node.Add(address.Address);
            }
        }

        return (held, node);
    }

    /// <summary>Whether the device is there.</summary>
    internal bool Exists() => _route.FindLink(DeviceName)?.Index == _index && _index != 0;

    /// <summary>Whether anybody made it.</summary>
    internal bool IsThere => _route.FindLink(DeviceName) is not null;

    internal void Add(IPAddress address) => _route.AddAddress(_index, address, Length(address));

    internal void Remove(IPAddress address)
    {
        try
        {
            _route.DeleteAddress(_index, address, Length(address));
        }
        catch (NetlinkException gone) when (gone.Errno is Errno.EADDRNOTAVAIL or Errno.ENODEV)
        {
            // Somebody else was quicker.
        }
    }

    /// <summary>Removes the device with its addresses.</summary>
    internal void Delete()
    {
        if (_route.FindLink(DeviceName) is { } link)
        {
            _route.DeleteLink(link.Index);
        }
    }

    public void Dispose() => _route.Dispose();

    private static int Length(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32;
}
