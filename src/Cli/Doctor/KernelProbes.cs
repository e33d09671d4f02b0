using System.Net;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Route;

namespace Dataplane.Cli.Doctor;

/// <summary>Kernel features, each tried by doing it in a namespace that is thrown away.</summary>
internal static class KernelProbes
{
    internal static IEnumerable<Check> Run(NetworkNamespace probe)
    {
        using var links = RouteConnection.Open(probe);
        yield return Check.Probe("bridge, veth", "up, demo, kubelet", required: true, () => Links(links, probe));
        yield return Check.Probe("IPv6", "dual-stack clusters", required: false, () => InNamespace(probe, "/proc/sys/net/ipv6", "IPv6"));
        yield return Check.Probe("connection tracking", "nftables, userspace", required: true, () => InNamespace(probe, "/proc/sys/net/netfilter/nf_conntrack_max", "nf_conntrack"));
        foreach (var feature in NftablesProbes.All)
        {
            yield return Check.Probe($"nf_tables: {feature.Name}", feature.NeededBy, feature.Required, () => NftablesProbes.Try(probe, feature));
        }

        yield return Check.Probe("legacy iptables", "other programs' rules (not used here)", required: false, () => InNamespace(probe, "/proc/net/ip_tables_names", "ip_tables"));
    }

    private static string Links(RouteConnection links, NetworkNamespace probe)
    {
        var bridge = links.CreateBridge("dp-br");
        links.CreateVeth("dp-a", "dp-b", probe);
        var port = links.GetLink("dp-a").Index;
        links.SetMaster(port, bridge);
        links.SetHairpin(port, true);
        links.AddAddress(bridge, IPAddress.Parse("192.0.2.1"), 24);
        return "made, joined, hairpin set, addressed";
    }

    private static string InNamespace(NetworkNamespace probe, string path, string feature) => probe.Invoke(() =>
    {
        // /proc/net and /proc/sys/net show the namespace of the thread that looks, and /proc/net is a link to the process': go by the thread.
        var seen = path.Replace("/proc/net/", "/proc/thread-self/net/");
        return Path.Exists(seen) ? "there" : throw new UserErrorException($"the kernel has no {feature}");
    });
}
