using System.Net.Sockets;
using Dataplane.Api;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Iptables.Rules;

namespace Dataplane.Proxy.Iptables.Nft;

/// <summary>
/// What must be known of one family's rules in the kernel to change single ones: their handles. What the chains of a service hold is not kept, it
/// follows from the plan.
/// </summary>
internal sealed class FamilyState(NftFamily family)
{
    internal NftFamily Family { get; } = family;

    internal AddressFamily AddressFamily => Family == NftFamily.Ip ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;

    /// <summary>Handles of a service's dispatch rules, in the order it renders them.</summary>
    internal Dictionary<NamespacedName, ulong[]> Dispatch { get; } = [];

    /// <summary>Handles of our rules in built-in chains.</summary>
    internal Dictionary<TableChain, List<ulong>> Jumps { get; } = [];

    /// <summary>The rule of nat's KUBE-SERVICES that dispatch rules go before; 0 for none.</summary>
    internal ulong LastRule { get; set; }

    /// <summary>Endpoint chains there are.</summary>
    internal int Endpoints { get; set; }

    /// <summary>Rules by table, those in built-in chains apart, as kube-proxy counts them.</summary>
    internal Dictionary<IptablesTable, int> Rules { get; } = new() { [IptablesTable.Filter] = 0, [IptablesTable.Nat] = 0 };

    internal ServiceRenderer Renderer(RuleOptions options) => new(AddressFamily, options, Endpoints <= ServiceRenderer.LargeClusterEndpoints);

    /// <summary>Where a new dispatch rule goes.</summary>
    internal NftRulePlace PlaceIn(TableChain chain) =>
        LastRule != 0 && chain == new TableChain(IptablesTable.Nat, ChainNames.Services) ? NftRulePlace.Before(LastRule) : NftRulePlace.Last;

    internal void Count(ServiceRules rules, int sign)
    {
        Endpoints += sign * rules.Chains.Count(chain => ChainNames.IsOfEndpoint(chain.Name));
        foreach (var table in Rules.Keys)
        {
            Rules[table] += sign * rules.Count(table);
        }
    }
}
