using System.Net;
using System.Net.Sockets;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Route;

namespace Dataplane.TestKit;

/// <summary>A network namespace with loopback up, as one machine of a <see cref="TestNetwork"/>, which disposes it.</summary>
public sealed class TestHost : IDisposable
{
    internal TestHost(string name)
    {
        Namespace = NetworkNamespace.Create(name);
        try
        {
            Route = RouteConnection.Open(Namespace);
            Route.SetUp(Route.GetLink("lo").Index);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Named <c>dp-t-...</c>.</summary>
    public NetworkNamespace Namespace { get; }

    /// <summary>rtnetlink of the namespace.</summary>
    public RouteConnection Route { get; } = null!;

    /// <summary>Gives a device an address and sets it up.</summary>
    /// <param name="device">Its name.</param>
    /// <param name="address">Address and prefix length: <c>10.0.0.1/24</c>.</param>
    public void AddAddress(string device, string address)
    {
        var (ip, length) = Parse(address);
        var index = Route.GetLink(device).Index;
        Route.AddAddress(index, ip, length);
        Route.SetUp(index);
    }

    /// <summary>
    /// Waits until the machine takes packets for an address it was given: the kernel makes the route to a new IPv6 address in the background, once the
    /// device is connected (net/ipv6/addrconf.c, addrconf_dad_work).
    /// </summary>
    public void WaitUntilUsable(string address)
    {
        var ip = IPAddress.Parse(address);
        if (!SpinWait.SpinUntil(() => Route.Routes().Any(route => route.Type == RouteType.Local && route.Destination.BaseAddress.Equals(ip)), TimeSpan.FromSeconds(60)))
        {
            throw new TimeoutException($"within 60 s: a route to {address}");
        }
    }

    /// <summary>Adds a route through a gateway.</summary>
    public void AddRoute(string destination, string gateway) =>
        Route.ReplaceRoute(new Route(IPNetwork.Parse(destination), IPAddress.Parse(gateway)));

    /// <summary>A listening TCP socket in the namespace.</summary>
    public Socket Listen(string address, int port)
    {
        var listener = Socket(SocketType.Stream, ProtocolType.Tcp, IPAddress.Parse(address).AddressFamily);
        listener.Bind(new IPEndPoint(IPAddress.Parse(address), port));
        listener.Listen();
        return listener;
    }

    /// <summary>A socket in the namespace; it may be used from anywhere.</summary>
    public Socket Socket(SocketType type, ProtocolType protocol, AddressFamily family = AddressFamily.InterNetwork) =>
        Namespace.Invoke(() => new Socket(family, type, protocol));

    /// <inheritdoc/>
    public void Dispose()
    {
        Route?.Dispose();
        Namespace.Dispose();
        NetworkNamespace.Delete(Namespace.Name);
    }

    private static (IPAddress Address, int Length) Parse(string address)
    {
        var slash = address.IndexOf('/');
        return (IPAddress.Parse(address.AsSpan(0, slash)), int.Parse(address.AsSpan(slash + 1), System.Globalization.CultureInfo.InvariantCulture));
    }
}
