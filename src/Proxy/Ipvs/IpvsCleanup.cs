using System.Net;
using System.Net.Sockets;
using Dataplane.Netlink;
using Dataplane.Netlink.ConnectionTracking;
using Dataplane.Netlink.Ipset;
using Dataplane.Netlink.Ipvs;
using Dataplane.Proxy.Iptables;
using Dataplane.Proxy.Ipvs.Rendering;
using Dataplane.Proxy.Ipvs.Rules;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Ipvs;

/// <summary>
/// Takes away what mode ipvs, this program's or kube-proxy's, left: found by its device and its sets. Every other mode does so when it starts, so it
/// must cost nothing, and load no module, where there never was any. A mode that takes its place leaves connections to IPVS until they end: what has begun there
/// nobody else can carry on, while new connections are translated before IPVS sees them.
/// </summary>
internal sealed class IpvsCleanup(ProxyModeContext context, IpvsOptions options, Func<IFixedRules>? openRules, ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <returns>Whether nothing stood in the way.</returns>
    internal bool Run()
    {
        try
        {
            RemoveServices();
            RemoveRulesAndSets();
            return true;
        }
        catch (Exception failure) when (failure is IOException or ProxyModeException)
        {
            logger.NotCleaned(failure.Message);
            return false;
        }
    }

    /// <summary>Waits for the last connection that was left to IPVS, and takes away what served it.</summary>
    /// <param name="context">Of the mode that has taken over: <see cref="ProxyModeContext.Successor"/>.</param>
    /// <param name="cancellation">Gives up: the next proxy goes on.</param>
    internal static async Task FinishAsync(ProxyModeContext context, CancellationToken cancellation)
    {
        var cleanup = new IpvsCleanup(context, context.Ipvs, null, context.Loggers.CreateLogger<IpvsMode>());
        while (IsThere(context) && cleanup.Run())
        {
            await Task.Delay(Interval, context.Time, cancellation);
        }
    }

    private static bool IsThere(ProxyModeContext context)
    {
        using var device = new VipDevice(context.Namespace);
        return device.IsThere;
    }

    private void RemoveServices()
    {
        using var device = new VipDevice(context.Namespace);
        if (!device.IsThere)
        {
            return;
        }

        if (Path.Exists("/proc/net/ip_vs"))
        {
            using var ipvs = IpvsConnection.Open(context.Namespace);
            var servers = new ServerTable(ipvs, failure => logger.NotCleaned(failure.Message));
            servers.Read(key => key.Address is not { } address || !options.ExcludedCidrs.Any(cidr => cidr.Contains(address)));
            if (context.Successor is null)
            {
                servers.Clear();
            }
            else
            {
                ForgetDatagrams(ipvs, servers.Keys);
                servers.ReleaseAll();
            }

            if (servers.Keys.Count > 0)
            {
                KeepAddresses(device, servers.Keys);
                return;
            }
        }

        device.Delete();
    }

    // A service by mark may be at any of them.
    private static void KeepAddresses(VipDevice device, IReadOnlyCollection<IpvsServiceKey> used)
    {
        device.Ensure();
        foreach (var address in used.All(key => key.Address is not null) ? device.Addresses().Held.Except(used.Select(key => key.Address!)) : [])
        {
            device.Remove(address);
        }
    }

    // Connection tracking takes a client's datagrams for a flow that is IPVS's as long as they come, and would translate none of them.
    private void ForgetDatagrams(IpvsConnection ipvs, IReadOnlyCollection<IpvsServiceKey> keys)
    {
        var addresses = keys.Where(key => key.Protocol == (byte)ProtocolType.Udp).Select(key => new IPEndPoint(key.Address!, key.Port)).ToHashSet();
        var endpoints = keys.Where(key => key.Address is null).SelectMany(ipvs.Destinations).Select(destination => destination.EndPoint).ToHashSet();
        if (addresses.Count + endpoints.Count == 0)
        {
            return;
        }

        using var connection = ConntrackConnection.Open(context.Namespace);
        connection.Delete(ProtocolType.Udp, flow => flow.IsTranslated && (addresses.Contains(flow.Destination) || endpoints.Contains(flow.ReplySource)));
    }

    private void RemoveRulesAndSets()
    {
        using var connection = IpsetConnection.Open(context.Namespace);
        var families = IpvsKernel.Families();
        if (!AnySet(connection, families))
        {
            return;
        }

        // Mode iptables has written its own rules into the chains that both have.
        var isShared = context.Successor == IptablesMode.ModeName;
        foreach (var open in Stores())
        {
            try
            {
                using var store = open();
                foreach (var family in families)
                {
                    store.Remove(IpvsRules.Names(IpvsKernel.AddressFamilyOf(family)), chain => !isShared || !IpvsChains.SharedWithIptables.Contains(chain));
                }
            }
            catch (IOException failure)
            {
                // Such tables need not be there; sets that are still looked at say so below.
                logger.NotCleaned(failure.Message);
            }
        }

        new SetTable(connection, families, failure => logger.NotCleaned(failure.Message)).Destroy();
    }

    private IEnumerable<Func<IFixedRules>> Stores() =>
        openRules is not null ? [openRules] : [() => new NftFixedRules(context.Namespace), () => new LegacyFixedRules(context.Namespace)];

    private static bool AnySet(IpsetConnection connection, IReadOnlyList<SetNames> families)
    {
        try
        {
            var there = connection.Sets().Select(set => set.Name).ToHashSet();
            return families.Any(family => there.Contains(family.ClusterIP));
        }
        catch (NetlinkException)
        {
            // No ipset in this kernel.
            return false;
        }
    }
}
