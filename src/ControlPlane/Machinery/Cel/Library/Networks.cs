using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Dataplane.ControlPlane.Machinery.Cel.Library;

/// <summary>URLs, IP addresses and networks.</summary>
internal static class Networks
{
    private const string Ip = "net.IP";
    private const string Cidr = "net.CIDR";
    private const string Url = "kubernetes.URL";

    public static IEnumerable<CelOverload> All { get; } =
    [
        new("ip", $"(string) -> {Ip}", (values, _) => Address((string)values[0]!) ?? throw new CelException($"IP Address {Quote(values[0])} parse error during conversion from string")),
        new("isIP", "(string) -> bool", (values, _) => Address((string)values[0]!) is not null),
        new("ip.isCanonical", "(string) -> bool", (values, _) =>
            (Address((string)values[0]!) ?? throw new CelException($"IP Address {Quote(values[0])} parse error during conversion from string")).ToString() == (string)values[0]!),
        new("string", $"({Ip}) -> string", (values, _) => values[0]!.ToString()),
        new(".family", $"({Ip}) -> int", (values, _) => ((IPAddress)values[0]!).AddressFamily == AddressFamily.InterNetwork ? 4L : 6L),
        new(".isUnspecified", $"({Ip}) -> bool", (values, _) => values[0]!.Equals(IPAddress.Any) || values[0]!.Equals(IPAddress.IPv6Any)),
        new(".isLoopback", $"({Ip}) -> bool", (values, _) => IPAddress.IsLoopback((IPAddress)values[0]!)),
        new(".isLinkLocalMulticast", $"({Ip}) -> bool", (values, _) => In((IPAddress)values[0]!, "224.0.0.0/24", "ff02::/16")),
        new(".isLinkLocalUnicast", $"({Ip}) -> bool", (values, _) => In((IPAddress)values[0]!, "169.254.0.0/16", "fe80::/10")),
        new(".isGlobalUnicast", $"({Ip}) -> bool", (values, _) => IsGlobal((IPAddress)values[0]!)),
        new("cidr", $"(string) -> {Cidr}", (values, _) => Network((string)values[0]!)
            ?? throw new CelException($"network address parse error during conversion from string: {Quote(values[0])}")),
        new("isCIDR", "(string) -> bool", (values, _) => Network((string)values[0]!) is not null),
        new("string", $"({Cidr}) -> string", (values, _) => values[0]!.ToString()),
        new(".containsIP", $"({Cidr}, {Ip}) -> bool", (values, _) => ((CelNetwork)values[0]!).Range.Contains((IPAddress)values[1]!)),
        new(".containsIP", $"({Cidr}, string) -> bool", (values, _) => ((CelNetwork)values[0]!).Range.Contains(
            Address((string)values[1]!) ?? throw new CelException($"IP Address {Quote(values[1])} parse error during conversion from string"))),
        new(".containsCIDR", $"({Cidr}, {Cidr}) -> bool", (values, _) => Contains((CelNetwork)values[0]!, (CelNetwork)values[1]!)),
        new(".containsCIDR", $"({Cidr}, string) -> bool", (values, _) => Contains(
            (CelNetwork)values[0]!, Network((string)values[1]!) ?? throw new CelException($"network address parse error during conversion from string: {Quote(values[1])}"))),
        new(".ip", $"({Cidr}) -> {Ip}", (values, _) => ((CelNetwork)values[0]!).Address),
        new(".masked", $"({Cidr}) -> {Cidr}", (values, _) => ((CelNetwork)values[0]!).Masked()),
        new(".prefixLength", $"({Cidr}) -> int", (values, _) => (long)((CelNetwork)values[0]!).Length),
        new("url", $"(string) -> {Url}", (values, _) => Parse((string)values[0]!) ?? throw new CelException($"URL parse error during conversion from string: parse {Quote(values[0])}: invalid URI for request")),
        new("isURL", "(string) -> bool", (values, _) => Parse((string)values[0]!) is not null),
        new(".getScheme", $"({Url}) -> string", (values, _) => Read(values, url => url.Scheme)),
        new(".getHost", $"({Url}) -> string", (values, _) => Read(values, url => url.IsDefaultPort ? url.Host : string.Create(CultureInfo.InvariantCulture, $"{url.Host}:{url.Port}"))),
        new(".getHostname", $"({Url}) -> string", (values, _) => Read(values, url => url.Host.Trim('[', ']'))),
        new(".getPort", $"({Url}) -> string", (values, _) => Read(values, url => url.IsDefaultPort ? "" : url.Port.ToString(CultureInfo.InvariantCulture))),
        new(".getEscapedPath", $"({Url}) -> string", (values, _) => Path((Uri)values[0]!)),
        new(".getQuery", $"({Url}) -> map(string, list(string))", (values, _) => Query((Uri)values[0]!)),
    ];

    private static string Quote(object? text) => $"'{text}'";

    /// <summary>No zones and no IPv4 in IPv6; four whole numbers without leading zeros.</summary>
    private static IPAddress? Address(string text) =>
        IPAddress.TryParse(text, out var address) && !text.Contains('%', StringComparison.Ordinal) && !address.IsIPv4MappedToIPv6
        && (address.AddressFamily == AddressFamily.InterNetworkV6
            ? !text.Contains('[', StringComparison.Ordinal)
            : text == address.ToString())
            ? address
            : null;

    private static CelNetwork? Network(string text) =>
        text.Split('/') is [var address, var length] && Address(address) is { } from
        && int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var bits) && bits <= (from.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)
            ? new CelNetwork(from, bits)
            : null;

    private static bool In(IPAddress address, string four, string six) =>
        IPNetwork.Parse(address.AddressFamily == AddressFamily.InterNetwork ? four : six).Contains(address);

    private static bool IsGlobal(IPAddress address) =>
        !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) && !address.Equals(IPAddress.Broadcast) && !IPAddress.IsLoopback(address)
        && !In(address, "224.0.0.0/4", "ff00::/8") && !In(address, "169.254.0.0/16", "fe80::/10");

    private static object Contains(CelNetwork outer, CelNetwork inner) => outer.Length <= inner.Length && outer.Range.Contains(inner.Address);

    private static Uri? Parse(string text) =>
        text.StartsWith('/') ? new Uri("relative://path" + text, UriKind.Absolute)
        : text.Contains("://", StringComparison.Ordinal) && Uri.TryCreate(text, UriKind.Absolute, out var url) ? url : null;

    private static string Read(object?[] values, Func<Uri, string> read) => values[0] is Uri { Scheme: not "relative" } url ? read(url) : "";

    private static string Path(Uri url) => url.OriginalString.Contains("://" + url.Authority + "/", StringComparison.OrdinalIgnoreCase) || url.AbsolutePath != "/" ? url.AbsolutePath : "";

    private static CelMap Query(Uri url)
    {
        var values = new Dictionary<string, List<object?>>(StringComparer.Ordinal);
        foreach (var part in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var name = Uri.UnescapeDataString(equals < 0 ? part : part[..equals]);
            if (!values.TryGetValue(name, out var known))
            {
                values[name] = known = [];
            }

            known.Add(equals < 0 ? "" : Uri.UnescapeDataString(part[(equals + 1)..]));
        }

        var map = new CelMap();
        foreach (var (name, value) in values)
        {
            map.Add(name, value);
        }

        return map;
    }
}
