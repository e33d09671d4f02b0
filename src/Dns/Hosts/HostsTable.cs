using System.Net;
using System.Net.Sockets;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Wire;
using Dataplane.Dns.Zones;

namespace Dataplane.Dns.Hosts;

/// <summary>Names and addresses of hosts(5) lines, ready to be answered.</summary>
internal sealed class HostsTable
{
    private readonly NameTable<HostRecords> _names;
    private readonly NameTable<byte[][]> _pointers;

    private HostsTable(NameTable<HostRecords> names, NameTable<byte[][]> pointers) => (_names, _pointers) = (names, pointers);

    /// <summary>Lines <c>ADDRESS NAME...</c>; what is not one, and names outside the zones, are passed over, as by resolvers that read such files.</summary>
    internal static HostsTable Read(IEnumerable<string> lines, HostsPlan plan)
    {
        var (addresses, reverse) = (new Dictionary<string, List<IPAddress>>(StringComparer.Ordinal), new Dictionary<IPAddress, List<byte[]>>());
        foreach (var line in lines)
        {
            var words = line.Split('#')[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 2 || !IPAddress.TryParse(words[0], out var address))
            {
                continue;
            }

            foreach (var wire in words[1..].Select(Wire).OfType<byte[]>().Where(wire => Covers(plan.Zones, wire)))
            {
                Add(addresses, Convert.ToHexString(wire), address);
                Add(reverse, address, wire);
            }
        }

        var names = NameTable<HostRecords>.Empty.ToBuilder();
        foreach (var (key, all) in addresses)
        {
            names.Set(Convert.FromHexString(key), new HostRecords(
                [], AddressRecords.Encode(all, AddressFamily.InterNetwork, plan.Ttl), AddressRecords.Encode(all, AddressFamily.InterNetworkV6, plan.Ttl)));
        }

        var pointers = NameTable<byte[][]>.Empty.ToBuilder();
        foreach (var (address, all) in reverse)
        {
            pointers.Set(address.GetAddressBytes(), [.. all]);
        }

        return new HostsTable(names.ToTable(), plan.Reverse ? pointers.ToTable() : NameTable<byte[][]>.Empty);
    }

    internal HostRecords? Find(in NameView name) => _names.TryGet(name.Wire, out var records) ? records : null;

    /// <summary>The names of an address spelled as a reverse name.</summary>
    internal byte[][]? FindPointers(in NameView name)
    {
        Span<byte> address = stackalloc byte[16];
        return AddressNames.IsReverse(name) && AddressNames.FromReverse(name, address) is var size and > 0 && _pointers.TryGet(address[..size], out var names) ? names : null;
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

    private static bool Covers(NameSuffix[] zones, byte[] wire) => NameSuffix.AnyCovers(zones, NameView.Split(wire, stackalloc byte[NameView.MaxLabels]));

    private static void Add<TKey, TValue>(Dictionary<TKey, List<TValue>> table, TKey key, TValue value)
        where TKey : notnull
    {
        if (!table.TryGetValue(key, out var values))
        {
            table[key] = values = [];
        }

        values.Add(value);
    }
}
