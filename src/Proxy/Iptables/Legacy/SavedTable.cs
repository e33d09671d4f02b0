using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Iptables.Rules;

namespace Dataplane.Proxy.Iptables.Legacy;

/// <summary>What a full write must know of one table, from what iptables-save prints of it.</summary>
/// <param name="Chains">Names of chains.</param>
/// <param name="Jumps">Rules of built-in chains that lead to ours, as text from the chain's name on.</param>
internal sealed record SavedTable(IReadOnlySet<string> Chains, IReadOnlyList<string> Jumps)
{
    internal static SavedTable Parse(IptablesTable table, string saved)
    {
        var chains = new HashSet<string>();
        var jumps = new List<string>();
        foreach (var line in saved.Split('\n'))
        {
            if (line.StartsWith(':'))
            {
                chains.Add(line[1..].Split(' ')[0]);
            }
            else if (line.StartsWith("-A ", StringComparison.Ordinal)
                && Skeleton.Jumps.Any(jump => jump.From.Table == table && line.StartsWith($"-A {jump.From.Name} ", StringComparison.Ordinal)
                    && line.EndsWith($"-j {jump.To}", StringComparison.Ordinal)))
            {
                jumps.Add(line[3..]);
            }
        }

        return new SavedTable(chains, jumps);
    }
}
