using System.Globalization;
using System.Net;
using System.Net.Mail;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Dataplane.ControlPlane.CustomResources.Schemas;

/// <summary>The string formats that are validated; any other is taken as it is. Source: kube-openapi's strfmt.</summary>
internal static partial class ValueFormats
{
    public static bool IsValid(string format, string text) => format.Replace("-", "", StringComparison.Ordinal) switch
    {
        "datetime" => DateTimePattern().IsMatch(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out _),
        "date" => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "duration" => DurationPattern().IsMatch(text),
        "byte" => Convert.TryFromBase64String(text, new byte[text.Length], out _),
        "ipv4" => IPAddress.TryParse(text, out var address)
            && address.AddressFamily == AddressFamily.InterNetwork && text.Count(letter => letter == '.') == 3,
        "ipv6" => IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6,
        "cidr" => text.Split('/') is [var address, var length] && IPAddress.TryParse(address, out var parsed)
            && int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var bits)
            && bits <= (parsed.AddressFamily == AddressFamily.InterNetwork ? 32 : 128),
        "mac" => MacPattern().IsMatch(text),
        "uri" => text.StartsWith('/') || (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme.Length > 0),
        "email" => MailAddress.TryCreate(text, out _),
        "hostname" => text.Length <= 255 && HostnamePattern().IsMatch(text),
        "uuid" => UuidPattern().IsMatch(text),
        "uuid3" => UuidPattern().IsMatch(text) && Bare(text)[12] == '3',
        "uuid4" => UuidPattern().IsMatch(text) && Bare(text)[12] == '4' && IsVariant(text),
        "uuid5" => UuidPattern().IsMatch(text) && Bare(text)[12] == '5' && IsVariant(text),
        "bsonobjectid" => text.Length == 24 && text.All(char.IsAsciiHexDigit),
        "hexcolor" => HexColorPattern().IsMatch(text),
        "rgbcolor" => RgbColorPattern().IsMatch(text),
        "ssn" => SsnPattern().IsMatch(text),
        "isbn" => IsIsbn10(text) || IsIsbn13(text),
        "isbn10" => IsIsbn10(text),
        "isbn13" => IsIsbn13(text),
        "creditcard" => CreditCardPattern().IsMatch(string.Concat(text.Where(char.IsAsciiDigit))),
        _ => true,
    };

    private static string Bare(string uuid) => uuid.Replace("-", "", StringComparison.Ordinal);

    private static bool IsVariant(string uuid) => char.ToLowerInvariant(Bare(uuid)[16]) is '8' or '9' or 'a' or 'b';

    private static bool IsIsbn10(string text)
    {
        var digits = text.Where(letter => letter is not ('-' or ' ')).ToArray();
        return digits.Length == 10 && digits[..9].All(char.IsAsciiDigit) && (char.IsAsciiDigit(digits[9]) || digits[9] == 'X')
            && digits.Select((digit, i) => (i + 1) * (digit == 'X' ? 10 : digit - '0')).Sum() % 11 == 0;
    }

    private static bool IsIsbn13(string text)
    {
        var digits = text.Where(letter => letter is not ('-' or ' ')).ToArray();
        return digits.Length == 13 && digits.All(char.IsAsciiDigit)
            && digits.Select((digit, i) => (i % 2 == 0 ? 1 : 3) * (digit - '0')).Sum() % 10 == 0;
    }

    [GeneratedRegex(@"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})\z")]
    private static partial Regex DateTimePattern();

    // Go's durations ("1h30m") and Scala's ("22 days").
    [GeneratedRegex(
        @"^([+-]?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+\z|^0\z|^\d+\s*(ns|nano|us|µs|micro|ms|milli|s|sec|m|min|h|hr|hour|d|day|w|wk|week)s?\z")]
    private static partial Regex DurationPattern();

    [GeneratedRegex(
        @"^([0-9A-Fa-f]{2}([:-])([0-9A-Fa-f]{2}\2){4}[0-9A-Fa-f]{2}|([0-9A-Fa-f]{2}([:-])([0-9A-Fa-f]{2}\5){6}[0-9A-Fa-f]{2})|[0-9A-Fa-f]{4}(\.[0-9A-Fa-f]{4}){2,3})\z")]
    private static partial Regex MacPattern();

    [GeneratedRegex(@"^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*\z")]
    private static partial Regex HostnamePattern();

    [GeneratedRegex("^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}\\z")]
    private static partial Regex UuidPattern();

    [GeneratedRegex("^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})\\z")]
    private static partial Regex HexColorPattern();

    [GeneratedRegex(@"^rgb\(\s*(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])\s*(,\s*(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])\s*){2}\)\z")]
    private static partial Regex RgbColorPattern();

    [GeneratedRegex(@"^\d{3}[- ]?\d{2}[- ]?\d{4}\z")]
    private static partial Regex SsnPattern();

    [GeneratedRegex(@"^(4\d{12}(\d{3})?|5[1-5]\d{14}|6(011|5\d\d)\d{12}|3[47]\d{13}|3(0[0-5]|[68]\d)\d{11}|(2131|1800|35\d{3})\d{11})\z")]
    private static partial Regex CreditCardPattern();
}
