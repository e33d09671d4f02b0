using System.Text.RegularExpressions;
using Dataplane.Linux.Namespaces;
using Dataplane.TestKit;

namespace Dataplane.Proxy.Tests.Iptables;

/// <summary>Rules as Debian's iptables-save prints them.</summary>
internal static partial class SavedRules
{
    /// <summary>Both families of a namespace, without dates and without the counters of built-in chains.</summary>
    internal static async Task<string> ReadAsync(NetworkNamespace networkNamespace) =>
        await ReadAsync(networkNamespace, "iptables-nft-save") + await ReadAsync(networkNamespace, "ip6tables-nft-save");

    /// <summary>What one program prints.</summary>
    internal static async Task<string> ReadAsync(NetworkNamespace networkNamespace, string program) =>
        Changing().Replace((await Tools.RunAsync(networkNamespace, program, [])).OutputOrThrow(), "");

    /// <summary>
    /// The same with tables in the order of their names, and with the rules of shared chains sorted, since services stand there in no particular order;
    /// the rule that must be the last one of its chain is told by where it stands.
    /// </summary>
    internal static string Normalize(string saved) => string.Join('\n', saved.Split("COMMIT\n").Order(StringComparer.Ordinal).SelectMany(NormalizeTable));

    private static IEnumerable<string> NormalizeTable(string table)
    {
        var lines = table.Split('\n');
        var run = new List<string>();
        for (var index = 0; index < lines.Length; index++)
        {
            var chain = Shared().Match(lines[index]).Value;
            var isLast = chain.Length == 0 || index + 1 == lines.Length || !lines[index + 1].StartsWith(chain);
            run.Add(lines[index].Contains("must be the last rule") && !isLast ? lines[index] + " (not the last rule)" : lines[index]);
            if (isLast)
            {
                foreach (var line in run.Order(StringComparer.Ordinal))
                {
                    yield return line;
                }

                run.Clear();
            }
        }
    }

    [GeneratedRegex(@"^#.*\n| \[\d+:\d+\]", RegexOptions.Multiline)]
    private static partial Regex Changing();

    [GeneratedRegex("^-A KUBE-(SERVICES|EXTERNAL-SERVICES|NODEPORTS|PROXY-FIREWALL) ")]
    private static partial Regex Shared();
}
