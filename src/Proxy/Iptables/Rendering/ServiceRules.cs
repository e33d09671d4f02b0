using Dataplane.Proxy.Iptables.Rules;

namespace Dataplane.Proxy.Iptables.Rendering;

/// <summary>What one Service comes to in one family.</summary>
internal sealed class ServiceRules
{
    /// <summary>Its own chains of nat; one comes after those its rules lead to.</summary>
    internal List<ServiceChain> Chains { get; } = [];

    /// <summary>Rules in chains that all Services share, in order.</summary>
    internal List<DispatchRule> Dispatch { get; } = [];

    /// <summary>How many rules a table has of it.</summary>
    internal int Count(IptablesTable table) =>
        Dispatch.Count(rule => rule.Chain.Table == table) + (table == IptablesTable.Nat ? Chains.Sum(chain => chain.Rules.Count) : 0);
}

/// <summary>A chain with its rules.</summary>
internal sealed record ServiceChain(string Name, IReadOnlyList<IptablesRule> Rules)
{
    /// <summary>Rules as text: what tells whether the chain changed.</summary>
    internal string Text => string.Join('\n', Rules.Select(RuleText.Of));
}

/// <summary>A rule in one of the <see cref="Skeleton.Dispatch"/> chains.</summary>
internal sealed record DispatchRule(TableChain Chain, IptablesRule Rule)
{
    /// <summary>Equal for the same rule in the same chain.</summary>
    internal string Text => $"{Chain.TableName} {Chain.Name} {RuleText.Of(Rule)}";
}
