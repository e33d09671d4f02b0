using System.Collections.Concurrent;
using Dataplane.Netlink;
using Dataplane.Netlink.Route;

namespace Dataplane.Kubelet.Network;

/// <summary>
/// Limits of pods' traffic. Towards a pod a token bucket at the node's end of its veth; from it the same at a device of its own, to which everything
/// that arrives at the node's end is redirected: in the pod its processes could remove it.
/// </summary>
internal sealed class BandwidthLimits(RouteConnection routes, DeviceSweep sweep)
{
    internal const string DevicePrefix = "dpi";

    // A queue of 25 ms as upstream's plugin; a burst that a packet of the largest size the kernel puts together passes in one piece.
    private const double QueueSeconds = 0.025;
    private const double BurstSeconds = 0.01;
    private const int LeastBurst = 64 * 1024;
    private const int BitsPerByte = 8;

    private readonly ConcurrentDictionary<string, bool> _devices = new(StringComparer.Ordinal);

    /// <summary>A pod that an earlier agent connected may have a device.</summary>
    internal void Adopt(string uid) => _devices[DeviceOf(uid)] = true;

    /// <param name="pod">What is wanted.</param>
    /// <param name="port">The node's end of its veth.</param>
    /// <param name="mtu">Its size of packets.</param>
    internal void Apply(PodNetworkRequest pod, int port, int mtu)
    {
        if (pod.IngressRate is { } towards)
        {
            Limit(port, towards);
        }

        if (pod.EgressRate is not { } from)
        {
            return;
        }

        var device = DeviceOf(pod.Uid);
        sweep.Remove(device);
        if (routes.FindLink(device) is { } stale)
        {
            routes.DeleteLink(stale.Index);
        }

        var link = routes.CreateIntermediate(device, mtu);
        _devices[device] = true;
        routes.SetUp(link);
        Limit(link, from);
        routes.RedirectArrivals(port, link);
    }

    /// <summary>Idempotent.</summary>
    internal void Remove(string uid)
    {
        var device = DeviceOf(uid);
        if (!_devices.TryRemove(device, out _))
        {
            return;
        }

        try
        {
            if (routes.FindLink(device) is { } link)
            {
                routes.DeleteLink(link.Index);
            }
        }
        catch (NetlinkException)
        {
            // The next start removes it.
            sweep.Add(device);
        }
    }

    internal static string DeviceOf(string uid) => PodNetwork.DeviceOf(uid).Replace(PodNetwork.DevicePrefix, DevicePrefix, StringComparison.Ordinal);

    private void Limit(int link, long bitsPerSecond)
    {
        var rate = Math.Max(1, bitsPerSecond / BitsPerByte);
        var burst = (int)Math.Clamp(rate * BurstSeconds, LeastBurst, int.MaxValue / 2);
        routes.LimitRate(link, rate, burst, (int)Math.Min((long)(rate * QueueSeconds) + burst, int.MaxValue));
    }
}
