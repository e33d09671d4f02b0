using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Iptables.Rules;

namespace Dataplane.Proxy.Ipvs.Rules;

/// <summary>Chains of mode ipvs: kube-proxy's names (pkg/proxy/ipvs/proxier.go) where it has such a chain.</summary>
internal static class IpvsChains
{
    internal const string NodePort = "KUBE-NODE-PORT";
    internal const string LoadBalancer = "KUBE-LOAD-BALANCER";
    internal const string SourceRanges = "KUBE-SOURCE-RANGES-FIREWALL";
    internal const string Filter = "KUBE-IPVS-FILTER";
    internal const string OutFilter = "KUBE-IPVS-OUT-FILTER";

    /// <summary>This mode's own: marks packets of pods.</summary>
    internal const string Near = "KUBE-IPVS-NEAR";

    /// <summary>Chains that mode iptables has too, with other rules in them.</summary>
    internal static IReadOnlySet<TableChain> SharedWithIptables { get; } = new HashSet<TableChain>
    {
        new(IptablesTable.Nat, ChainNames.Services),
        new(IptablesTable.Nat, ChainNames.Postrouting),
        new(IptablesTable.Nat, ChainNames.MarkMasquerade),
        new(IptablesTable.Filter, ChainNames.Forward),
        new(IptablesTable.Filter, ChainNames.ProxyFirewall),
    };
}
