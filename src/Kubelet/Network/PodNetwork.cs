using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Dataplane.Api;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink;
using Dataplane.Netlink.Route;
using static Dataplane.Linux.Errno;
using Sysctl = Dataplane.Linux.Sysctls.Sysctl;

namespace Dataplane.Kubelet.Network;

/// <summary>The node's pod network: for each pod a veth pair, the node's ends joined by a bridge or by routes (<see cref="PodNetworkLayout"/>).</summary>
/// <remarks>
/// <code>
/// pod: eth0 10.244.1.5/32, default via 10.244.1.1 ── dpv1a2b3c4d ─┐
/// pod: eth0 10.244.1.6/32, default via 10.244.1.1 ── dpv5e6f7a8b ─┴ dp-cni0 10.244.1.1/24 ── routing ── eth0
/// </code>
/// A pod has no route to the range, only to the gateway: packets between two pods of a node are routed, not switched. So
/// the answer of a Service's endpoint on the same node passes connection tracking and gets its address translated back,
/// without the br_netfilter module. A pod's hardware address is made of its address: nobody's neighbour cache is wrong when another pod gets it later.
/// </remarks>
internal sealed class PodNetwork : IPodNetwork
{
    internal const string Bridge = "dp-cni0";
    internal const string DevicePrefix = "dpv";
    internal const string PodDevice = "eth0";
    private const int UidLetters = 8;

    // In every namespace: LOOPBACK_IFINDEX, include/net/net_namespace.h.
    private const int LoopbackIndex = 1;

    private readonly PodNetworkOptions _options;
    private readonly RouteConnection _routes;
    private readonly AddressPool _addresses;
    private readonly DeviceSweep _sweep;
    private readonly BandwidthLimits _limits;
    private readonly HostPortTable _ports;
    private readonly PhysicalAddress _gatewayHardware;
    private readonly int _bridge;
    private readonly int _mtu;
    private readonly ConcurrentDictionary<string, bool> _shown = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _reconciled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Set-ups in a row: the kernel serves them one after the other anyway (rtnl_lock), and waiting here costs no thread.
    private readonly SemaphoreSlim _oneByOne = new(1);

    /// <exception cref="ArgumentException">A range has no room.</exception>
    internal PodNetwork(PodNetworkOptions options)
    {
        _options = options;
        _addresses = new AddressPool([.. options.Ranges.Select(range => new AddressRange(range))], new AddressJournal(options.Journal)) { IsShown = _shown.ContainsKey };
        _routes = RouteConnection.Open(options.Node);
        _gatewayHardware = HardwareAddress.Of(Ranges[0].Gateway);
        _mtu = options.Mtu ?? UplinkMtu.Of(_routes) - options.Encapsulation;
        _bridge = options.Layout == PodNetworkLayout.Bridge ? PrepareBridge() : 0;
        _sweep = new DeviceSweep(_routes, _oneByOne);
        _limits = new BandwidthLimits(_routes, _sweep);
        _ports = new HostPortTable(options.Node, options.Ranges, options.NonMasqueraded);
        foreach (var range in Ranges)
        {
            Sysctl.Write(options.Node, range.Family == AddressFamily.InterNetwork ? "net/ipv4/ip_forward" : "net/ipv6/conf/all/forwarding", "1");
        }

        // The better way is the pod's own gateway; a redirect would send it round the routing that Services need.
        Sysctl.Write(options.Node, "net/ipv4/conf/all/send_redirects", "0");
    }

    /// <inheritdoc/>
    public string? NotReady => null;

    private IReadOnlyList<AddressRange> Ranges => _addresses.Ranges;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<IPAddress>> ConnectAsync(PodNetworkRequest pod, NetworkNamespace sandbox, CancellationToken cancellation)
    {
        await _reconciled.Task.WaitAsync(cancellation);
        await _oneByOne.WaitAsync(cancellation);
        IReadOnlyList<IPAddress> addresses;
        Task durable;
        var started = Stopwatch.GetTimestamp();
        try
        {
            // The disk is waited for while the kernel works.
            (addresses, durable) = _addresses.Reserve(pod.Uid);
            Connect(pod, addresses, sandbox);
        }
        finally
        {
            _oneByOne.Release();
        }

        await durable;
        _options.SetUpDone(Stopwatch.GetElapsedTime(started));
        return addresses;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<IPAddress>> AdoptAsync(PodNetworkRequest pod, NetworkNamespace sandbox, CancellationToken cancellation)
    {
        var addresses = _routes.FindLink(DeviceOf(pod.Uid)) is null ? [] : _addresses.Find(pod.Uid);
        if (addresses.Count > 0)
        {
            _ports.Set(pod.Uid, pod.HostPorts, addresses);
            _limits.Adopt(pod.Uid);
        }

        return Task.FromResult(addresses);
    }

    /// <inheritdoc/>
    public Task DisconnectAsync(string uid)
    {
        var device = DeviceOf(uid);

        // Nothing passes from here on, and routes that lead to it go. Removing the device takes thirty times as long, as every processor is waited for:
        // that is left to the end of its namespace.
        Tolerate(ENODEV, () =>
        {
            using var batch = new RouteBatch();
            batch.SetUp(device, up: false);
            _routes.Commit(batch);
        });
        _ports.Remove(uid);
        _limits.Remove(uid);
        _sweep.Add(device);
        _addresses.Detach(uid);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Reconcile(IReadOnlyCollection<Pod> pods)
    {
        foreach (var pod in pods)
        {
            Observe(pod.Metadata.UID, pod);
            if (_shown.ContainsKey(pod.Metadata.UID))
            {
                _addresses.Adopt(pod.Metadata.UID, [.. pod.Status.PodIPs.Select(one => one.IP).Where(text => IPAddress.TryParse(text, out _)).Select(IPAddress.Parse)]);
            }
        }

        foreach (var uid in _addresses.Owners.Except(pods.Select(pod => pod.Metadata.UID)))
        {
            DisconnectAsync(uid).GetAwaiter().GetResult();
        }

        var known = _addresses.Owners.SelectMany(uid => (string[])[DeviceOf(uid), BandwidthLimits.DeviceOf(uid)]).ToHashSet(StringComparer.Ordinal);
        foreach (var link in _routes.Links().Where(link => IsOurs(link.Name) && !known.Contains(link.Name)))
        {
            Tolerate(ENODEV, () => _routes.DeleteLink(link.Index));
        }

        // What an earlier agent's pods had and none has now goes; what adopted ones have comes again with them.
        _ports.Commit();
        _reconciled.TrySetResult();
    }

    /// <inheritdoc/>
    public void Observe(string uid, Pod? pod)
    {
        if (pod is { Status.Phase: not ("Succeeded" or "Failed"), Spec.HostNetwork: not true })
        {
            _shown[uid] = true;
            return;
        }

        _shown.TryRemove(uid, out _);
        _addresses.Withdrawn(uid);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sweep.Dispose();
        _ports.Dispose();
        _routes.Dispose();
        _addresses.Dispose();
        _oneByOne.Dispose();
    }

    internal static string DeviceOf(string uid) => DevicePrefix + uid[..Math.Min(uid.Length, UidLetters)];

    private static bool IsOurs(string device) =>
        device.StartsWith(DevicePrefix, StringComparison.Ordinal) || device.StartsWith(BandwidthLimits.DevicePrefix, StringComparison.Ordinal);

    private static IPNetwork Alone(IPAddress address) => new(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128);

    private int PrepareBridge()
    {
        var bridge = _routes.FindLink(Bridge)?.Index ?? _routes.CreateBridge(Bridge);
        _routes.SetHardwareAddress(bridge, _gatewayHardware);
        _routes.SetMtu(bridge, _mtu);
        foreach (var range in Ranges)
        {
            _routes.AddAddress(bridge, range.Gateway, range.Network.PrefixLength);
        }

        // The gateways of a range the node had before, unless a pod that still has an address of it leaves by them.
        var held = _addresses.Owners.SelectMany(_addresses.Find).ToArray();
        foreach (var old in _routes.Addresses().Where(one => one.LinkIndex == bridge && !one.Address.IsIPv6LinkLocal
            && !Ranges.Any(range => range.Gateway.Equals(one.Address)) && !Array.Exists(held, new IPNetwork(Masked(one), one.PrefixLength).Contains)))
        {
            _routes.DeleteAddress(bridge, old.Address, old.PrefixLength);
        }

        _routes.SetUp(bridge);
        Sysctl.Write(_options.Node, $"net/ipv4/conf/{Bridge}/send_redirects", "0");
        return bridge;
    }

    private static IPAddress Masked(LinkAddress one)
    {
        var bytes = one.Address.GetAddressBytes();
        for (var bit = one.PrefixLength; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        return new IPAddress(bytes);
    }

    private void Connect(PodNetworkRequest pod, IReadOnlyList<IPAddress> addresses, NetworkNamespace sandbox)
    {
        var device = DeviceOf(pod.Uid);
        var hardware = HardwareAddress.Of(addresses[0]);
        _sweep.Remove(device);
        try
        {
            CreatePort(device, hardware, addresses, sandbox);
        }
        catch (NetlinkException taken) when (taken.Errno == EEXIST && _routes.FindLink(device) is { } stale)
        {
            _routes.DeleteLink(stale.Index);
            CreatePort(device, hardware, addresses, sandbox);
        }

        ConfigureInside(addresses, sandbox);
        if (pod.IngressRate is not null || pod.EgressRate is not null)
        {
            _limits.Apply(pod, _routes.GetLink(device).Index, _mtu);
        }

        _ports.Set(pod.Uid, pod.HostPorts, addresses);
    }

    /// <summary>
    /// Most of the time is the kernel's own for making devices, and waiting for its one lock (rtnl) while other pods start: so few requests, of
    /// which the first makes the pair and connects and starts its port.
    /// </summary>
    private void CreatePort(string device, PhysicalAddress hardware, IReadOnlyList<IPAddress> addresses, NetworkNamespace sandbox)
    {
        using var batch = new RouteBatch();
        var plan = new VethPlan(device, PodDevice, sandbox) { Mtu = _mtu, PeerHardwareAddress = hardware, Up = true };
        if (_options.Layout == PodNetworkLayout.Bridge)
        {
            batch.CreateVeth(plan with { MasterIndex = _bridge });
            batch.SetHairpin(device, true);
            foreach (var address in addresses)
            {
                // So the node's first packet to the pod is not a broadcast to all.
                batch.ReplaceNeighbour(_bridge, address, hardware);
            }

            _routes.Commit(batch);
            return;
        }

        batch.CreateVeth(plan with { HardwareAddress = _gatewayHardware });
        _routes.Commit(batch);
        using var routing = new RouteBatch();
        var port = _routes.GetLink(device).Index;
        foreach (var (address, range) in addresses.Zip(Ranges))
        {
            routing.AddAddress(port, range.Gateway, Alone(range.Gateway).PrefixLength);
            routing.ReplaceRoute(new Route(Alone(address), LinkIndex: port));
            routing.ReplaceNeighbour(port, address, hardware);
        }

        _routes.Commit(routing);
    }

    private void ConfigureInside(IReadOnlyList<IPAddress> addresses, NetworkNamespace sandbox)
    {
        using var inside = RouteConnection.Open(sandbox);
        var link = inside.GetLink(PodDevice).Index;
        using var batch = new RouteBatch();
        batch.SetUp(LoopbackIndex);
        foreach (var address in addresses)
        {
            batch.AddAddress(link, address, Alone(address).PrefixLength);
        }

        batch.SetUp(link);
        foreach (var range in Ranges)
        {
            batch.ReplaceNeighbour(link, range.Gateway, _gatewayHardware);
            batch.ReplaceRoute(new Route(Alone(range.Gateway), LinkIndex: link));
            batch.ReplaceRoute(new Route(new IPNetwork(range.Family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0), range.Gateway, link));
        }

        inside.Commit(batch);
    }

    private static void Tolerate(int errno, Action action)
    {
        try
        {
            action();
        }
        catch (NetlinkException absent) when (absent.Errno == errno)
        {
            // It is gone, as it should be.
        }
    }
}
