using Dataplane.Netlink.Nftables;
using Dataplane.Netlink.Probing;
using Dataplane.Proxy.Iptables.Legacy;
using Dataplane.Proxy.Iptables.Nft;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Iptables.Rules;
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
        var legacy = Legacy();
        if (KubeletChain() is { } chain)
        {
            logger.RuleStoreChosen(legacy.Name, $"the kubelet's {chain} is there");
            return legacy;
        }

        var feature = KernelProbe.Xtables(context.Namespace);
        if (feature.Available)
        {
            logger.RuleStoreChosen("nf_tables", "the kernel takes x_tables extensions there");
            return new NftRuleStore(context.Namespace, _hasIpv6, logger, context.RulesTouched);
        }

        try
        {
            new LegacyTools(context.Namespace, isIpv6: false).Save(TableChain.NameOf(IptablesTable.Nat));
        }
        catch (IOException missing)
        {
            throw new ProxyModeException($"iptables mode: nf_tables does not take its rules ({feature.Reason}), and legacy tables neither ({missing.Message})");
        }

        logger.RuleStoreChosen(legacy.Name, feature.Reason ?? "");
        return legacy;
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
            using var nft = new NftRuleStore(context.Namespace, _hasIpv6, logger, () => { });
            nft.Cleanup();
        }
    }

    private LegacyRuleStore Legacy() => new(context.Namespace, _hasIpv6);

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
