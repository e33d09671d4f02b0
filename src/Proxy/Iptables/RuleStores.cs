using Dataplane.Netlink.Nftables;
using Dataplane.Netlink.Probing;
using Dataplane.Proxy.Iptables.Legacy;
using Dataplane.Proxy.Iptables.Nft;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Iptables.Rules;
using Dataplane.Proxy.Ipvs;
using Dataplane.Proxy.Ipvs.Rules;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Iptables;

/// <summary>Which of the kernel's two sets of iptables tables to write to.</summary>
internal sealed class RuleStores(ProxyModeContext context, ILogger logger)
{
    // Without IPv6 in the kernel there is nothing to put its rules for.
    private readonly bool _hasIpv6 = Path.Exists("/proc/sys/net/ipv6");

    /// <summary>nf_tables, unless it cannot hold the rules or the kubelet of this node says, by its chains, that legacy tables are in use.</summary>
    /// <exception cref="ProxyModeException">Neither can be had.</exception>
    internal IRuleStore Open()
    {
        var isLegacy = AreLegacy(out var reason);
        logger.RuleStoreChosen(isLegacy ? "legacy" : "nf_tables", reason);
        return isLegacy ? Legacy() : new NftRuleStore(context.Namespace, _hasIpv6, logger, context.RulesTouched, Kept);
    }

    /// <summary>Which tables rules go to, and why.</summary>
    /// <exception cref="ProxyModeException">Neither can be had.</exception>
    internal bool AreLegacy(out string reason)
    {
        if (KubeletChain() is { } chain)
        {
            reason = $"the kubelet's {chain} is there";
            return true;
        }

        var feature = KernelProbe.Xtables(context.Namespace);
        if (feature.Available)
        {
            reason = "the kernel takes x_tables extensions there";
            return false;
        }

        try
        {
            new LegacyTools(context.Namespace, isIpv6: false).Save(TableChain.NameOf(IptablesTable.Nat));
        }
        catch (IOException missing)
        {
            throw new ProxyModeException($"iptables mode: nf_tables does not take its rules ({feature.Reason}), and legacy tables neither ({missing.Message})");
        }

        reason = feature.Reason ?? "";
        return true;
    }

    /// <summary>Removes what is in the tables a store does not write to; null for all.</summary>
    internal void CleanupOthers(IRuleStore? used)
    {
        if (used is not LegacyRuleStore)
        {
            try
            {
                Legacy().Cleanup();
            }
            catch (IOException failure)
            {
                // Whoever made such tables has the programs for them; what is in them need not be ours.
                logger.LegacyTablesNotCleaned(failure.Message);
            }
        }

        if (used is not NftRuleStore)
        {
            using var nft = new NftRuleStore(context.Namespace, _hasIpv6, logger, () => { }, Kept);
            nft.Cleanup();
        }
    }

    // Mode ipvs has chains of the same names: when it has taken over, they are its own.
    private IReadOnlySet<TableChain> Kept => context.Successor == IpvsMode.ModeName ? IpvsChains.SharedWithIptables : new HashSet<TableChain>();

    private LegacyRuleStore Legacy() => new(context.Namespace, _hasIpv6, Kept);

    // The kubelet writes its chains with the iptables that its node uses (KEP-3178).
    private string? KubeletChain()
    {
        var tools = new LegacyTools(context.Namespace, isIpv6: false);
        var mangle = TableChain.NameOf(IptablesTable.Mangle);
        if (!tools.Tables().Contains(mangle))
        {
            return null;
        }

        using var nftables = NftablesConnection.Open(context.Namespace);
        string[] signs = [ChainNames.Hint, ChainNames.KubeletCanary];
        var inNft = nftables.Chains(new NftTable(NftFamily.Ip, mangle)).Select(found => found.Name).ToHashSet();
        var inLegacy = SavedTable.Parse(IptablesTable.Mangle, tools.Save(mangle)).Chains;
        return Array.Find(signs, sign => inLegacy.Contains(sign) && !signs.Any(inNft.Contains));
    }
}
