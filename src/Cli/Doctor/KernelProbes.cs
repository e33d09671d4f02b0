using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Probing;

namespace Dataplane.Cli.Doctor;

/// <summary>Kernel features, each tried by doing it in a namespace that is thrown away, and what needs them.</summary>
internal static class KernelProbes
{
    private const string Both = "nftables, userspace";

    internal static IEnumerable<Check> Run(NetworkNamespace probe)
    {
        foreach (var feature in KernelProbe.Run())
        {
            var (neededBy, required) = NeededBy(feature.Name);
            yield return new Check(feature.Name, feature.Available ? "ok" : "missing", feature.Reason ?? "there", neededBy, required);
        }

        yield return Check.Probe("IPv6", "dual-stack clusters", required: false, () => InNamespace(probe, "/proc/sys/net/ipv6", "IPv6"));
        yield return Check.Probe("connection tracking", Both, required: true, () => InNamespace(probe, "/proc/sys/net/netfilter/nf_conntrack_max", "nf_conntrack"));
        yield return Check.Probe("legacy iptables", "iptables, where nftables ip xtables is missing", required: false, () => InNamespace(probe, "/proc/net/ip_tables_names", "ip_tables"));
    }

    private static (string NeededBy, bool Required) NeededBy(string feature) => feature switch
    {
        "bridge" or "veth" => ("up, demo, kubelet", true),
        _ when feature.StartsWith("nftables ip6", StringComparison.Ordinal) => ("IPv6 Services", false),
        "nftables ip tproxy" or "nftables ip socket" => ("transparent proxying (no mode uses it)", false),
        "nftables ip xtables" => ("iptables", false),
        "nftables ip redirect" => ("userspace", true),
        "nftables ip numgen" or "nftables ip dnat" or "nftables ip masquerade" or "nftables ip affinity sets" => ("nftables", true),
        _ => (Both, true),
    };

    private static string InNamespace(NetworkNamespace probe, string path, string feature) => probe.Invoke(() =>
    {
        // /proc/net and /proc/sys/net show the namespace of the thread that looks, and /proc/net is a link to the process': go by the thread.
        var seen = path.Replace("/proc/net/", "/proc/thread-self/net/");
        return Path.Exists(seen) ? "there" : throw new UserErrorException($"the kernel has no {feature}");
    });
}
