using System.Net.Sockets;
using Dataplane.Linux.Namespaces;
using Dataplane.Proxy.Iptables.Legacy;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Iptables.Rules;

namespace Dataplane.Proxy.Ipvs.Rules;

/// <summary>In x_tables of old, by iptables-legacy-restore.</summary>
internal sealed class LegacyFixedRules(NetworkNamespace? networkNamespace) : IFixedRules
{
    /// <inheritdoc/>
    public void Write(FixedRuleset rules)
    {
        var there = Read(rules.Family);
        var input = "";
        foreach (var table in TablesOf(rules))
        {
            var text = new RestoreText(table);
            foreach (var (chain, contents) in rules.Chains.Where(chain => chain.Key.Table == table))
            {
                text.Chain(chain.Name, contents);
            }

            var jumps = rules.Jumps.Where(jump => jump.From.Table == table).ToList();
            foreach (var old in there.GetValueOrDefault(table, []).Where(line => IsJump(line, jumps)))
            {
                text.Remove(old[3..]);
            }

            jumps.ForEach(jump => text.Prepend(jump.From.Name, jump.Rule));
            input += text;
        }

        Tools(rules.Family).Restore(input);
    }

    /// <inheritdoc/>
    public bool AreInUse(FixedRuleset rules) => Read(rules.Family).GetValueOrDefault(IptablesTable.Nat, [])
        .Exists(line => line.StartsWith(':') && ChainNames.IsOfServicePort(line[1..].Split(' ')[0]));

    /// <inheritdoc/>
    public bool IsIntact(FixedRuleset rules)
    {
        var there = Read(rules.Family);
        return rules.Chains.All(chain => there.GetValueOrDefault(chain.Key.Table, []) is var lines
                && lines.Exists(line => IsChain(line, chain.Key.Name))
                && lines.Count(line => line.StartsWith($"-A {chain.Key.Name} ", StringComparison.Ordinal)) == chain.Value.Count)
            && rules.Jumps.All(jump => there.GetValueOrDefault(jump.From.Table, []).Exists(line => IsJump(line, [jump])));
    }

    /// <inheritdoc/>
    public void Remove(FixedRuleset rules, Func<TableChain, bool> isWanted)
    {
        var input = "";
        foreach (var (table, lines) in Read(rules.Family))
        {
            var gone = rules.Chains.Keys.Where(chain => chain.Table == table && isWanted(chain) && lines.Exists(line => IsChain(line, chain.Name))).ToList();
            if (gone.Count == 0)
            {
                continue;
            }

            var text = new RestoreText(table);
            foreach (var old in lines.Where(line => IsJump(line, [.. rules.Jumps.Where(jump => gone.Contains(new TableChain(table, jump.To)))])))
            {
                text.Remove(old[3..]);
            }

            gone.ForEach(chain => text.Delete(chain.Name));
            input += text;
        }

        if (input.Length > 0)
        {
            Tools(rules.Family).Restore(input);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private static IEnumerable<IptablesTable> TablesOf(FixedRuleset rules) => rules.Chains.Keys.Select(chain => chain.Table).Distinct();

    // A program for all tables: starting one costs more than what it prints.
    private Dictionary<IptablesTable, List<string>> Read(AddressFamily family)
    {
        var tables = new Dictionary<IptablesTable, List<string>>();
        if (Tools(family).Tables().Count == 0)
        {
            return tables;
        }

        List<string>? lines = null;
        foreach (var line in Tools(family).Save().Split('\n'))
        {
            if (line.StartsWith('*'))
            {
                lines = [];
                foreach (var table in Enum.GetValues<IptablesTable>().Where(table => TableChain.NameOf(table) == line[1..]))
                {
                    tables[table] = lines;
                }
            }
            else
            {
                lines?.Add(line);
            }
        }

        return tables;
    }

    private static bool IsChain(string line, string chain) => line.StartsWith($":{chain} ", StringComparison.Ordinal);

    private static bool IsJump(string line, IReadOnlyList<JumpRule> jumps) => jumps.Any(jump =>
        line.StartsWith($"-A {jump.From.Name} ", StringComparison.Ordinal) && line.EndsWith($"-j {jump.To}", StringComparison.Ordinal));

    private LegacyTools Tools(AddressFamily family) => new(networkNamespace, family == AddressFamily.InterNetworkV6);
}
