using System.Diagnostics.CodeAnalysis;
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
}
