using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Dataplane.Api;
using Dataplane.Dns.Server;
using Dataplane.Dns.Wire;
using Dataplane.Dns.Zones;

namespace Dataplane.Dns.Configuration;

/// <summary>Reads a directive's words as what they stand for; what they do not stand for is an error at their line.</summary>
internal static class DirectiveWords
{
    /// <summary>Exactly one word.</summary>
    internal static string Only(this CorefileDirective directive, string plugin) =>
        directive.Arguments is [var word] ? word.Text : throw directive.ArgumentError(plugin);

    internal static void Nothing(this CorefileDirective directive, string plugin)
    {
        if (directive.Arguments.Count > 0)
        {
            throw directive.ArgumentError(plugin);
        }
    }

    internal static string[] Some(this CorefileDirective directive, string plugin) =>
        directive.Arguments.Count > 0 ? directive.Texts() : throw directive.ArgumentError(plugin);

    internal static string[] Texts(this CorefileDirective directive, int from = 0) => [.. directive.Arguments.Skip(from).Select(word => word.Text)];

    internal static int Number(this CorefileDirective directive, string plugin, int index, int least = 0, int most = int.MaxValue)
    {
        if (index >= directive.Arguments.Count)
        {
            throw directive.ArgumentError(plugin);
        }

        var text = directive.Arguments[index].Text;
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            throw directive.Error($"\"{text}\" is not a number", plugin);
        }

        return number >= least && number <= most ? number : throw directive.Error($"{directive.Name.Text} must be in range [{least}, {most}]: {number}", plugin);
    }

    internal static TimeSpan Duration(this CorefileDirective directive, string plugin, int index)
    {
        if (index >= directive.Arguments.Count)
        {
            throw directive.ArgumentError(plugin);
        }

        try
        {
            return GoDuration.Parse(directive.Arguments[index].Text);
        }
        catch (FormatException failure)
        {
            throw directive.Error(failure.Message, plugin);
        }
    }

    /// <summary>Names, and networks as the reverse zones they are: <c>10.96.0.0/12</c> is sixteen.</summary>
    internal static NameSuffix[] Zones(this CorefileDirective directive, string plugin, IEnumerable<string> words) =>
        [.. words.SelectMany(word => ZonesOf(word, what => directive.Error(what, plugin)))];

    /// <summary>As <see cref="Zones"/>; without words the zones of the server.</summary>
    internal static NameSuffix[] ZonesOr(this CorefileDirective directive, string plugin, IReadOnlyCollection<string> words, NameSuffix[] otherwise) =>
        words.Count == 0 ? otherwise : directive.Zones(plugin, words);

    internal static IEnumerable<NameSuffix> ZonesOf(string word, Func<string, CorefileException> error)
    {
        try
        {
            return word.Contains('/', StringComparison.Ordinal) && IPNetwork.TryParse(word, out var network)
                ? [.. ReverseZones.Covering(network).Select(NameSuffix.Parse)]
                : [NameSuffix.Parse(word)];
        }
        catch (FormatException failure)
        {
            throw error(failure.Message);
        }
    }

    /// <summary>Addresses and networks; <c>*</c> is everybody.</summary>
    internal static IPNetwork[] Networks(this CorefileDirective directive, string plugin, IEnumerable<string> words) => [.. words.SelectMany(word => word switch
    {
        "*" => [new IPNetwork(IPAddress.Any, 0), new IPNetwork(IPAddress.IPv6Any, 0)],
        _ when IPAddress.TryParse(word, out var address) => [new IPNetwork(address, address.GetAddressBytes().Length * 8)],
        _ when IPNetwork.TryParse(word, out var network) => (IPNetwork[])[network],
        _ => throw directive.Error($"illegal CIDR notation \"{word}\"", plugin),
    })];

    internal static RecordType Type(this CorefileDirective directive, string plugin, string word)
    {
        if (Enum.TryParse<RecordType>(word, ignoreCase: true, out var type) && char.IsAsciiLetter(word[0]))
        {
            return type;
        }

        return word.StartsWith("TYPE", StringComparison.OrdinalIgnoreCase) && ushort.TryParse(word.AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? (RecordType)number
            : throw directive.Error($"invalid RR class/type {word}", plugin);
    }

    internal static ResponseCode Code(this CorefileDirective directive, string plugin, string word) =>
        Enum.GetValues<ResponseCode>().Cast<ResponseCode?>().FirstOrDefault(code => code!.Value.Mnemonic().Equals(word, StringComparison.OrdinalIgnoreCase))
            ?? throw directive.Error($"unknown rcode {word}", plugin);

    /// <summary>Names are matched with their final dot, in a time that is linear in their length, as RE2 does: neither knows what goes back or looks around.</summary>
    internal static Regex Pattern(this CorefileDirective directive, string plugin, string pattern)
    {
        try
        {
            return new Regex(pattern.Replace("(?P<", "(?<", StringComparison.Ordinal), RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        }
        catch (ArgumentException failure)
        {
            throw directive.Error($"invalid regex pattern \"{pattern}\": {failure.Message}", plugin);
        }
        catch (NotSupportedException)
        {
            throw directive.Error($"invalid regex pattern \"{pattern}\": invalid or unsupported Perl syntax", plugin);
        }
    }

    /// <summary><c>:8080</c>, <c>host:port</c> or nothing.</summary>
    internal static IPEndPoint Listen(this CorefileDirective directive, string plugin, IPEndPoint otherwise)
    {
        if (directive.Arguments.Count == 0)
        {
            return otherwise;
        }

        var text = directive.Only(plugin);
        if (text.StartsWith(':') && ushort.TryParse(text.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0)
        {
            return new IPEndPoint(ListenKey.Everywhere, port);
        }

        var whole = text.Replace("localhost", "127.0.0.1", StringComparison.Ordinal);
        return IPEndPoint.TryParse(whole, out var endPoint) && endPoint.Port > 0 ? endPoint : throw directive.Error($"address {text}: expected [ADDRESS]:PORT", plugin);
    }

    /// <summary>The directives in braces; none without them.</summary>
    internal static IReadOnlyList<CorefileDirective> Properties(this CorefileDirective directive) => directive.Block ?? [];

    internal static CorefileException Unknown(this CorefileDirective property, string plugin) => property.Error($"unknown property '{property.Name.Text}'", plugin);
}
