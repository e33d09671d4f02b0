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
    /// The same with the rules of shared chains sorted, since services stand there in no particular order; the rule that must be the last one of its
    /// chain is told by where it stands.
    /// </summary>
    internal static string Normalize(string saved)
    {
        var lines = saved.Split('\n').ToList();
        for (var index = 0; index < lines.Count; index++)
        {
            if (lines[index].Contains("must be the last rule") && lines[index + 1].StartsWith("-A KUBE-SERVICES"))
            {
                lines[index] += " (not the last rule)";
            }
        }

        return string.Join('\n', lines.GroupBy(Place).SelectMany(group => group.Order(StringComparer.Ordinal)));

        // Lines that may change places have the same key.
        string Place(string line) => Shared().Match(line) is { Success: true } chain ? $"{chain.Value}{TableOf(line)}" : $"{lines.IndexOf(line)}{line}";
        string TableOf(string line) => lines[..lines.IndexOf(line)].FindLast(before => before.StartsWith('*')) ?? "";
    }

    [GeneratedRegex(@"^#.*\n| \[\d+:\d+\]", RegexOptions.Multiline)]
    private static partial Regex Changing();

    [GeneratedRegex("^-A KUBE-(SERVICES|EXTERNAL-SERVICES|NODEPORTS|PROXY-FIREWALL) ")]
    private static partial Regex Shared();
}
