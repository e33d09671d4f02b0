using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Addresses and CIDR blocks as field values.</summary>
internal static class AddressBlock
{
    public const string InvalidCidr = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

    /// <summary>ADDRESS/LENGTH; host bits may be set.</summary>
    public static bool IsCidr([NotNullWhen(true)] string? text) =>
        text is not null
        && text.Split('/') is [var address, var length]
        && IPAddress.TryParse(address, out var parsed)
        && int.TryParse(length, out var bits)
        && bits >= 0
        && bits <= parsed.GetAddressBytes().Length * 8;

    /// <summary>A CIDR block whose address is the first of it.</summary>
    public static bool IsNetwork(string cidr) =>
        IPNetwork.TryParse(cidr, out var network) && network.BaseAddress.Equals(IPAddress.Parse(cidr.AsSpan(0, cidr.IndexOf('/', StringComparison.Ordinal))));

    /// <summary>The one way to write an address, or null when the text is none.</summary>
    public static string? Canonical(string? text) => IPAddress.TryParse(text, out var address) ? address.ToString() : null;

    /// <summary>A block that is a smaller part of another.</summary>
    public static bool IsInside(string part, string whole)
    {
        var (inner, outer) = (part.Split('/'), whole.Split('/'));
        var address = IPAddress.Parse(inner[0]);
        var network = new IPNetwork(IPAddress.Parse(outer[0]).Masked(int.Parse(outer[1], CultureInfo.InvariantCulture)), int.Parse(outer[1], CultureInfo.InvariantCulture));
        return network.Contains(address) && int.Parse(inner[1], CultureInfo.InvariantCulture) > network.PrefixLength;
    }

    /// <summary>An address with its host bits cleared.</summary>
    private static IPAddress Masked(this IPAddress address, int prefix)
    {
        var bytes = address.GetAddressBytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            var kept = Math.Clamp(prefix - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xff << (8 - kept));
        }

        return new IPAddress(bytes);
    }
}
