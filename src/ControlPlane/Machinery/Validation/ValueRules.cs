using System.Net;
using System.Net.Sockets;

namespace Dataplane.ControlPlane.Machinery.Validation;

/// <summary>What is wrong with a value of one of the field's usual forms; nothing when it is good. Source: apimachinery's util/validation.</summary>
internal static class ValueRules
{
    public const string PortRange = "must be between 1 and 65535, inclusive";
    public const string NotNegative = "must be greater than or equal to 0";
    public const string NotPositive = "must be greater than zero";
    public const string Immutable = "field is immutable";
    public const string InvalidAddress = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    public const string FileMode = "must be a number between 0 and 0777 (octal), both inclusive";
    public const string UserRange = "must be between 0 and 2147483647, inclusive";

    private const int MaxPortName = 15;
    private const int MaxConfigKey = 253;

    /// <summary>An IANA service name, as container ports are called.</summary>
    public static IEnumerable<string> PortName(string name)
    {
        if (name.Length > MaxPortName)
        {
            yield return $"must be no more than {MaxPortName} characters";
        }

        if (name.Length == 0 || name.AsSpan().ContainsAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789-"))
        {
            yield return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";
        }

        if (!name.Any(char.IsAsciiLetterLower))
        {
            yield return "must contain at least one letter (a-z)";
        }

        if (name.Contains("--", StringComparison.Ordinal))
        {
            yield return "must not contain consecutive hyphens";
        }

        if (name is ['-', ..] or [.., '-'])
        {
            yield return "must not begin or end with a hyphen";
        }
    }

    /// <summary>A key of a ConfigMap or Secret: also a file's name.</summary>
    public static IEnumerable<string> ConfigKey(string key)
    {
        if (key.Length > MaxConfigKey)
        {
            yield return $"must be no more than {MaxConfigKey} characters";
        }

        if (key.Length == 0 || key.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.' or '_')))
        {
            yield return "a valid config key must consist of alphanumeric characters, '-', '_' or '.' " +
                "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
        }

        if (key is "." or "..")
        {
            yield return $"must not be '{key}'";
        }
        else if (key is ['.', '.', ..])
        {
            yield return "must not start with '..'";
        }
    }

    /// <summary>A variable of a container's environment.</summary>
    public static IEnumerable<string> EnvironmentName(string name)
    {
        if (name.Any(c => c is < ' ' or > '~' or '='))
        {
            yield return "a valid environment variable name must consist only of printable ASCII characters other than '='";
        }
    }

    public static IEnumerable<string> HeaderName(string name)
    {
        if (name.Length == 0 || name.Any(c => !char.IsAsciiLetterOrDigit(c) && c != '-'))
        {
            yield return "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
        }
    }

    public static IEnumerable<string> Percent(string text)
    {
        if (text.Length < 2 || text[^1] != '%' || !text[..^1].All(char.IsAsciiDigit))
        {
            yield return "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
        }
    }

    /// <summary>A path below a directory that is somebody else's.</summary>
    public static IEnumerable<string> DescendingPath(string path)
    {
        if (path.StartsWith('/'))
        {
            yield return "must be a relative path";
        }

        if (HasBacksteps(path))
        {
            yield return "must not contain '..'";
        }
    }

    public static bool HasBacksteps(string path) => path.Split('/').Contains("..");

    /// <summary>An address; IPv4 only with all four numbers in decimal.</summary>
    public static bool IsAddress(string? text, out IPAddress address)
    {
        address = IPAddress.None;
        return text is not null && text.Length > 0 && text.IndexOf('%', StringComparison.Ordinal) < 0 && text[0] != '['
            && IPAddress.TryParse(text, out address!)
            && (address.AddressFamily == AddressFamily.InterNetworkV6 || text.Count(c => c == '.') == 3);
    }

    /// <summary>What endpoints and external addresses must not be: addresses that mean another thing on every node.</summary>
    public static IEnumerable<string> Special(IPAddress address, string text)
    {
        if (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
        {
            yield return $"may not be unspecified ({text})";
        }

        if (IPAddress.IsLoopback(address))
        {
            yield return "may not be in the loopback range (127.0.0.0/8, ::1/128)";
        }

        var bytes = address.GetAddressBytes();
        if (address.IsIPv6LinkLocal || bytes is [169, 254, _, _])
        {
            yield return "may not be in the link-local range (169.254.0.0/16, fe80::/10)";
        }

        if (bytes is [224, 0, 0, _] || (bytes.Length == 16 && bytes[0] == 0xff && (bytes[1] & 0x0f) == 2))
        {
            yield return "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)";
        }
    }
}
