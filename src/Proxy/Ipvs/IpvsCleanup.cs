using Dataplane.Netlink;
using Dataplane.Netlink.Ipset;
using Dataplane.Netlink.Ipvs;
using Dataplane.Proxy.Iptables;
using Dataplane.Proxy.Ipvs.Rendering;
using Dataplane.Proxy.Ipvs.Rules;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Ipvs;

/// <summary>
/// Takes away what mode ipvs, this program's or kube-proxy's, left: found by its device and its sets. Every other mode does so when it starts, so it
/// must cost nothing, and load no module, where there never was any.
/// </summary>
internal sealed class IpvsCleanup(ProxyModeContext context, IpvsOptions options, Func<IFixedRules>? openRules, ILogger logger)
{
    internal void Run()
    {
        try
        {
            RemoveServices();
            RemoveRulesAndSets();
        }
        catch (Exception failure) when (failure is IOException or ProxyModeException)
        {
            logger.NotCleaned(failure.Message);
        }
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
            servers.Clear();
        }

        device.Delete();
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
