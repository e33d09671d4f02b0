using System.Text;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Iptables.Rules;

namespace Dataplane.Proxy.Iptables.Legacy;

/// <summary>Input of iptables-restore --noflush for one table: a chain that is named is emptied first, or made.</summary>
internal sealed class RestoreText(IptablesTable table)
{
    private readonly StringBuilder _chains = new();
    private readonly StringBuilder _rules = new();
    private readonly StringBuilder _gone = new();

    /// <summary>A chain that holds nothing but what is added from here on.</summary>
    internal void Chain(string name, IEnumerable<IptablesRule> rules)
    {
        _chains.Append($":{name} - [0:0]\n");
        foreach (var rule in rules)
        {
            Add(name, rule);
        }
    }

    internal void Add(string chain, IptablesRule rule) => _rules.Append($"-A {chain} {RuleText.Of(rule)}\n");

    internal void Prepend(string chain, IptablesRule rule) => _rules.Append($"-I {chain} {RuleText.Of(rule)}\n");

    /// <summary>Removes a rule.</summary>
    /// <param name="rule">As iptables-save prints it, from the chain's name on.</param>
    internal void Remove(string rule) => _rules.Append($"-D {rule}\n");

    /// <summary>Removes a chain that is there.</summary>
    internal void Delete(string chain)
    {
        _chains.Append($":{chain} - [0:0]\n");
        _gone.Append($"-X {chain}\n");
    }

    /// <inheritdoc/>
    public override string ToString() => $"*{TableChain.NameOf(table)}\n{_chains}{_rules}{_gone}COMMIT\n";
}
