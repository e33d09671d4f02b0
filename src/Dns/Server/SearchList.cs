using Dataplane.Dns.Configuration;
using Dataplane.Dns.Wire;
using Dataplane.Dns.Zones;

namespace Dataplane.Dns.Server;

/// <summary>
/// What a client's resolver would try after a name that does not exist: the same base with the rest of its search list, and at last
/// alone. A pod's list is <c>NS.svc.ZONE svc.ZONE ZONE</c> and its host's; the server's own resolv.conf stands for the host's.
/// </summary>
internal static class SearchList
{
    private static readonly Lazy<byte[][]> HostSearch = new(() => [.. Forward.ResolvConf.Search(Forward.ResolvConf.DefaultPath).Select(Wire).OfType<byte[]>()]);

    /// <returns>Null when the name is not one with the list's first suffix, or nobody's list is known: a client that is no pod.</returns>
    internal static List<byte[]>? Of(AutopathPlan plan, ZoneSnapshot snapshot, in NameView name, ReadOnlySpan<byte> client)
    {
        if (plan.Zones.Length > 0 && !NameSuffix.AnyCovers(plan.Zones, name))
        {
            return null;
        }

        var search = plan.Search is { } fixedList ? [.. fixedList.Select(Wire).OfType<byte[]>()] : OfPod(snapshot, client);
        if (search is null || search.Count < 2)
        {
            return null;
        }

        var first = new NameSuffix(search[0]);
        if (!first.Covers(name) || name.LabelCount == first.LabelCount)
        {
            return null;
        }

        var based = name.Labels(0, name.LabelCount - first.LabelCount).ToArray();
        return [.. search.Skip(1).Select(suffix => (byte[])[.. based, .. suffix]).Where(whole => whole.Length <= NameView.MaxLength)];
    }

    private static List<byte[]>? OfPod(ZoneSnapshot snapshot, ReadOnlySpan<byte> client)
    {
        if (!snapshot.PodNamespaces.TryGet(client, out var label))
        {
            return null;
        }

        byte[] services = [.. ZoneNames.ServiceLabel, .. snapshot.Zone.Wire];
        return [[.. label, .. services], services, snapshot.Zone.Wire, .. HostSearch.Value, [0]];
    }

    private static byte[]? Wire(string name)
    {
        try
        {
            return DnsName.ParseLower(name);
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
