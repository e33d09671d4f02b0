using System.Net.Sockets;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Iptables.Rules;

namespace Dataplane.Proxy.Ipvs.Rules;

/// <summary>Chains with all their rules, and how built-in chains lead to them.</summary>
/// <param name="Family">Of the tables.</param>
/// <param name="Chains">Rules by chain.</param>
/// <param name="Jumps">In the order they are put at the head of their chain, so that the last one comes first.</param>
internal sealed record FixedRuleset(AddressFamily Family, IReadOnlyDictionary<TableChain, IReadOnlyList<IptablesRule>> Chains, IReadOnlyList<JumpRule> Jumps);

/// <summary>Where such rules are kept. Called by one thread at a time.</summary>
internal interface IFixedRules : IDisposable
{
    /// <summary>Puts chains and jumps in the place of what was there under their names, at once for each table.</summary>
    void Write(FixedRuleset rules);

    /// <summary>Whether another mode uses one of the chains.</summary>
    bool AreInUse(FixedRuleset rules);

    /// <summary>Whether chains and jumps are there, with as many rules as were written.</summary>
    bool IsIntact(FixedRuleset rules);

    /// <summary>Removes chains, as far as they are there, and jumps to them.</summary>
    void Remove(FixedRuleset rules, Func<TableChain, bool> isWanted);
}
