using System.Collections.Immutable;
using System.Globalization;
using Dataplane.Api;

namespace Dataplane.Proxy.Configuration;

/// <summary>The settings of one proxy, checked one by one; in the form of flags' arguments.</summary>
public sealed class ProxyConfiguration
{
    private readonly ImmutableDictionary<string, string> _values;

    private ProxyConfiguration(ImmutableDictionary<string, string> values) => _values = values;

    /// <summary>kube-proxy's defaults.</summary>
    public static ProxyConfiguration Default { get; } = new(ImmutableDictionary<string, string>.Empty);

    /// <summary>With one setting.</summary>
    /// <exception cref="FormatException">The value is not of the setting's kind; the message says which one is.</exception>
    public ProxyConfiguration With(ConfigField field, string value)
    {
        Check(field, value);
        return new ProxyConfiguration(_values.SetItem(field.Path, value));
    }

    /// <summary>Whether somebody gave it.</summary>
    public bool IsSet(string path) => _values.ContainsKey(path);

    /// <summary>A setting as text; empty for none.</summary>
    public string Text(string path) => _values.TryGetValue(path, out var value) ? value : ConfigFields.ByPath[path].Default;

    /// <summary>A switch.</summary>
    public bool Flag(string path) => bool.Parse(Text(path));

    /// <summary>A whole number.</summary>
    public int Number(string path) => int.Parse(Text(path), CultureInfo.InvariantCulture);

    /// <summary>A time.</summary>
    public TimeSpan Duration(string path) => GoDuration.Parse(Text(path));

    /// <summary>Several texts.</summary>
    public ImmutableArray<string> List(string path) => [.. Text(path).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    private static void Check(ConfigField field, string value)
    {
        var (fits, wanted) = field.Kind switch
        {
            ConfigKind.Flag => (bool.TryParse(value, out _), "true or false"),
            ConfigKind.Number => (int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _), "a whole number"),
            ConfigKind.Fraction => (double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out _), "a number"),
            ConfigKind.Duration => (IsDuration(value), "a duration such as 30s, 250ms or 1m30s"),
            _ => (true, ""),
        };
        if (!fits)
        {
            throw new FormatException($"\"{value}\" is not {wanted}");
        }
    }

    private static bool IsDuration(string value)
    {
        try
        {
            GoDuration.Parse(value);
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
