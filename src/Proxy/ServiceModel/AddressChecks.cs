using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Dataplane.Proxy.ServiceModel;

/// <summary>Addresses as the API carries them, checked before they become destinations.</summary>
internal static class AddressChecks
{
    private const int LongestIPv4 = 15;
    private const int OctetsOfIPv4 = 4;

    /// <summary>
    /// Parses an endpoint's address. A proxy that forwards to loopback, link-local or multicast addresses would let whoever can write slices reach
    /// the node's own services (CVE-2020-8555's family of problems).
    /// </summary>
    /// <returns>Null when it may be used, else what is wrong with it.</returns>
    internal static string? ParseEndpoint(string text, AddressFamily family, out IPAddress address)
    {
        if (!TryParse(text, out address))
        {
            return "is no IP address";
        }

        return address.AddressFamily != family ? "is not of the slice's address type"
            : IPAddress.IsLoopback(address) ? "is a loopback address"
            : IsMulticast(address) ? "is a multicast address"
            : IsLinkLocal(address) ? "is a link-local address"
            : IsUnspecified(address) ? "is the unspecified address"
            : address.Equals(IPAddress.Broadcast) ? "is the broadcast address"
            : address.IsIPv4MappedToIPv6 ? "is an IPv4 address written as IPv6"
            : null;
    }

    /// <summary>
    /// Only the canonical forms: .NET would also take "1", "0x7f.1" or an address with a scope. But an octet may begin with zeros and is decimal then, as API
    /// servers once took such addresses and kube-proxy reads them so (k8s.io/utils/net ParseIPSloppy).
    /// </summary>
    internal static bool TryParse(string? text, out IPAddress address)
    {
        address = IPAddress.None;
        if (text is null || text.Contains('%'))
        {
            return false;
        }

        if (!IPAddress.TryParse(text, out var parsed))
        {
            // To .NET 09 is an octal number that is none.
            return TryParseDecimal(text, out address);
        }

        address = parsed;
        // Not by ToString, whose text the address would keep: there are as many as endpoints.
        Span<char> canonical = stackalloc char[LongestIPv4];
        return parsed.AddressFamily == AddressFamily.InterNetworkV6 || (parsed.TryFormat(canonical, out var length) && text.AsSpan().SequenceEqual(canonical[..length]))
            || TryParseDecimal(text, out address);
    }

    private static bool TryParseDecimal(string text, out IPAddress address)
    {
        address = IPAddress.None;
        Span<byte> octets = stackalloc byte[OctetsOfIPv4];
        var count = 0;
        foreach (var part in text.AsSpan().Split('.'))
        {
            if (count == OctetsOfIPv4 || !byte.TryParse(text.AsSpan()[part], NumberStyles.None, CultureInfo.InvariantCulture, out octets[count]))
            {
                return false;
            }

            count++;
        }

        if (count != OctetsOfIPv4)
        {
            return false;
        }

        address = new IPAddress(octets);
        return true;
    }

    /// <summary>Those of a field's texts that are CIDRs.</summary>
    /// <param name="texts">As the API carries them.</param>
    /// <param name="field">Its path, for the faults.</param>
    /// <param name="faults">Takes a line for each other text.</param>
    internal static ImmutableArray<IPNetwork> ReadNetworks(IEnumerable<string> texts, string field, List<string> faults)
    {
        var networks = ImmutableArray.CreateBuilder<IPNetwork>();
        foreach (var text in texts)
        {
            if (TryParseNetwork(text, out var network))
            {
                networks.Add(network);
            }
            else
            {
                faults.Add($"{field} {text} is no CIDR");
            }
        }

        return networks.ToImmutable();
    }

    /// <summary>A CIDR; host bits may be set, as the API server accepts 10.1.2.3/24, and are cleared.</summary>
    internal static bool TryParseNetwork(string text, out IPNetwork network)
    {
        network = default;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash <= 0 || !TryParse(text[..slash], out var address) || !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            || length > (address.AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32))
        {
            return false;
        }

        network = NetworkOf(address, length);
        return true;
    }

    internal static bool IsUnspecified(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    private static IPNetwork NetworkOf(IPAddress address, int prefixLength)
    {
        var bytes = address.GetAddressBytes();
        for (var bit = prefixLength; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        return new IPNetwork(new IPAddress(bytes), prefixLength);
    }

    private static bool IsMulticast(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 ? address.IsIPv6Multicast : address.GetAddressBytes()[0] is >= 224 and < 240;

    private static bool IsLinkLocal(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6
            ? address.IsIPv6LinkLocal
            : address.GetAddressBytes() is [169, 254, ..];
}
