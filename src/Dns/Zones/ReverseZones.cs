using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Zones;

/// <summary>The zone of a network's reverse names: <c>10.96.0.0/16</c> is <c>96.10.in-addr.arpa</c>.</summary>
internal static class ReverseZones
{
    /// <summary>The zones that make up a network: one, or as many as it takes when its prefix ends within a label (10.96.0.0/12 is sixteen).</summary>
    internal static IEnumerable<string> Covering(IPNetwork network)
    {
        var bitsPerLabel = network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 8 : 4;
        var whole = Math.Max(bitsPerLabel, (network.PrefixLength + bitsPerLabel - 1) / bitsPerLabel * bitsPerLabel);
        for (var i = 0; i < 1 << (whole - network.PrefixLength); i++)
        {
            var bytes = network.BaseAddress.GetAddressBytes();
            bytes[(whole - 1) / 8] |= (byte)(i << ((8 - (whole % 8)) % 8));
            yield return DnsName.Format(Of(new IPNetwork(new IPAddress(bytes), whole)).Wire);
        }
    }

    /// <exception cref="FormatException">The prefix ends within a label: not whole bytes (IPv4) or nibbles (IPv6), or is empty.</exception>
    internal static ZoneNames Of(IPNetwork network)
    {
        var bytes = network.BaseAddress.GetAddressBytes();
        var isIPv4 = network.BaseAddress.AddressFamily == AddressFamily.InterNetwork;
        var bitsPerLabel = isIPv4 ? 8 : 4;
        if (network.PrefixLength == 0 || network.PrefixLength % bitsPerLabel != 0)
        {
            throw new FormatException($"network {network}: its reverse zone needs a prefix length that is a multiple of {bitsPerLabel} and not 0");
        }

        var labels = Enumerable.Range(0, network.PrefixLength / bitsPerLabel).Reverse().Select(i => isIPv4
            ? bytes[i].ToString(CultureInfo.InvariantCulture)
            : ((bytes[i / 2] >> (i % 2 == 0 ? 4 : 0)) & 0xF).ToString("x", CultureInfo.InvariantCulture));
        return new ZoneNames(string.Join('.', labels) + (isIPv4 ? ".in-addr.arpa" : ".ip6.arpa"));
    }
}
