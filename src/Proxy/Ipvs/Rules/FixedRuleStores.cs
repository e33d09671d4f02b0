using Dataplane.Proxy.Iptables;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Ipvs.Rules;

/// <summary>Which of the kernel's two sets of iptables tables rules go to: chosen as mode iptables chooses.</summary>
internal static class FixedRuleStores
{
    internal static IFixedRules Open(ProxyModeContext context, ILogger logger)
    {
        var isLegacy = new RuleStores(context, logger).AreLegacy(out var reason);
        logger.RulesGoTo(isLegacy ? "legacy" : "nf_tables", reason);
        return isLegacy ? new LegacyFixedRules(context.Namespace) : new NftFixedRules(context.Namespace);
    }
}
