using System.Globalization;
using Dataplane.Netlink.Nftables;

namespace Dataplane.Proxy.Nftables;

/// <summary>
/// Names of this proxy's tables; not kube-proxy's, so that one can replace the other without a gap. Usually there is one, <c>dataplane</c>. Whatever
/// makes a new one necessary (another process, another configuration, damage) makes it beside the old one, under the next free name, and the old one
/// goes when the new one is complete.
/// </summary>
internal static class TableNames
{
    internal const string First = "dataplane";

    internal static readonly NftFamily[] Families = [NftFamily.Ip, NftFamily.Ip6];

    /// <summary>"dataplane", "dataplane-2", "dataplane-3", ...</summary>
    internal static bool IsOurs(string name) => name == First
        || (name.StartsWith(First + "-", StringComparison.Ordinal) && int.TryParse(name.AsSpan(First.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _));

    internal static string Free(IReadOnlyCollection<NftTable> taken)
    {
        var name = First;
        for (var number = 2; taken.Any(table => table.Name == name); number++)
        {
            name = string.Create(CultureInfo.InvariantCulture, $"{First}-{number}");
        }

        return name;
    }
}
