using System.Diagnostics;
using System.Net;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.Sysctls;
using Dataplane.Netlink.Route;

namespace Dataplane.Kubelet.Sandbox;

/// <summary>
/// The node's pod network: a bridge in the node's namespace, and for each pod a veth pair with one end in the bridge.
/// </summary>
/// <remarks>
/// <code>
/// pod: eth0 10.244.1.5/32, default via 10.244.1.1 ── dpv1a2b3c4d ─┐
/// pod: eth0 10.244.1.6/32, default via 10.244.1.1 ── dpv5e6f7a8b ─┴ dp-cni0 10.244.1.1/24 ── routing ── eth0
/// </code>
/// A pod has no route to the range, only to the gateway: packets between two pods of a node are routed, not switched. So
/// the answer of a Service's endpoint on the same node passes connection tracking and gets its address translated back,
/// without the br_netfilter module.
/// </remarks>
internal sealed class PodNetwork : IDisposable
{
    internal const string Bridge = "dp-cni0";
    private const string PodDevice = "eth0";

    // In every namespace: LOOPBACK_IFINDEX, include/net/net_namespace.h.
    private const int LoopbackIndex = 1;

    private readonly RouteConnection _routes;
    private readonly AddressPool _addresses;
    private readonly KubeletMetrics _metrics;
    private readonly int _bridge;

    // Set-ups in a row: the kernel serves them one after the other anyway (rtnl_lock), and waiting here costs no thread.
    private readonly SemaphoreSlim _oneByOne = new(1);

    internal PodNetwork(NetworkNamespace? node, IPNetwork range, AddressPool addresses, KubeletMetrics metrics)
    {
        _addresses = addresses;
        _metrics = metrics;
        _routes = RouteConnection.Open(node);
        _bridge = _routes.FindLink(Bridge)?.Index ?? _routes.CreateBridge(Bridge);
        _routes.AddAddress(_bridge, addresses.Gateway, range.PrefixLength);
        _routes.SetUp(_bridge);
        Sysctl.Write(node, "net/ipv4/ip_forward", "1");

        // The better way is the pod's own gateway; a redirect would send it round the routing that Services need.
        Sysctl.Write(node, "net/ipv4/conf/all/send_redirects", "0");
        Sysctl.Write(node, $"net/ipv4/conf/{Bridge}/send_redirects", "0");
    }

    /// <summary>Connects a pod's namespace.</summary>
    /// <returns>The pod's address.</returns>
    internal async Task<IPAddress> ConnectAsync(string uid, NetworkNamespace pod, CancellationToken cancellation)
    {
        await _oneByOne.WaitAsync(cancellation);
        try
        {
            var started = Stopwatch.GetTimestamp();
            var address = Connect(uid, pod);
            _metrics.NetworkSetUp(Stopwatch.GetElapsedTime(started));
            return address;
        }
        finally
        {
            _oneByOne.Release();
        }
    }

    /// <summary>Removes the pod's device and frees its address. Idempotent.</summary>
    internal void Disconnect(string uid)
    {
        if (_routes.FindLink(DeviceOf(uid)) is { } link)
        {
            _routes.DeleteLink(link.Index);
        }

        _addresses.Release(uid);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _routes.Dispose();
        _oneByOne.Dispose();
    }

    private static string DeviceOf(string uid) => "dpv" + uid[..8];

    private IPAddress Connect(string uid, NetworkNamespace pod)
    {
        var address = _addresses.Reserve(uid);
        var device = DeviceOf(uid);
        if (_routes.FindLink(device) is { } stale)
        {
            _routes.DeleteLink(stale.Index);
        }

        // Most of the time is the kernel's own for making devices, and waiting for its one lock (rtnl) while other pods start: so few
        // requests, of which the first makes the pair and connects and starts its port.
        var port = _routes.CreateVeth(device, PodDevice, pod, _bridge, up: true);
        _routes.SetHairpin(port, true);
        using (var inside = RouteConnection.Open(pod))
        {
            inside.SetUp(LoopbackIndex);
            var link = inside.GetLink(PodDevice).Index;
            inside.AddAddress(link, address, 32);
            inside.SetUp(link);
            inside.ReplaceRoute(new Route(new IPNetwork(_addresses.Gateway, 32), LinkIndex: link));
            inside.ReplaceRoute(new Route(new IPNetwork(IPAddress.Any, 0), _addresses.Gateway, link));
        }

        return address;
    }
}
