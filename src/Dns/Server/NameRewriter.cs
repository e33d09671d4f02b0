using System.Text.RegularExpressions;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Server;

/// <summary>Applies the rewrite rules to a name, as text with its final dot.</summary>
internal static partial class NameRewriter
{
    /// <returns>The new name in wire form; null when no rule fits, or what came out is no name.</returns>
    internal static byte[]? Rewrite(RewriteRule[] rules, in NameView name)
    {
        string? text = null;
        var before = DnsName.Format(name.Wire);
        foreach (var rule in rules)
        {
            if (Apply(rule, text ?? before) is not { } renamed)
            {
                continue;
            }

            text = renamed;
            if (!rule.GoesOn)
            {
                break;
            }
        }

        try
        {
            return text is null || text == before ? null : DnsName.ParseLower(text);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static string? Apply(RewriteRule rule, string name) => rule.Match switch
    {
        NameMatch.Exact => name == rule.From ? rule.To : null,
        NameMatch.Prefix => name.StartsWith(rule.From, StringComparison.Ordinal) ? rule.To + name[rule.From.Length..] : null,
        NameMatch.Suffix => Suffix(rule, name),
        NameMatch.Substring => name.Contains(rule.From, StringComparison.Ordinal) ? name.Replace(rule.From, rule.To, StringComparison.Ordinal) : null,
        _ => Matched(rule, name),
    };

    /// <summary>A suffix is written with the final dot or without.</summary>
    private static string? Suffix(RewriteRule rule, string name)
    {
        var from = rule.From.EndsWith('.') ? rule.From : rule.From + ".";
        return name.EndsWith(from, StringComparison.Ordinal) ? name[..^from.Length] + rule.To : null;
    }

    private static string? Matched(RewriteRule rule, string name)
    {
        try
        {
            return rule.Pattern!.Match(name) is { Success: true } match
                ? Group().Replace(rule.To, reference => match.Groups[int.Parse(reference.ValueSpan[1..^1], System.Globalization.CultureInfo.InvariantCulture)].Value)
                : null;
        }
        catch (RegexMatchTimeoutException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"\{[0-9]{1,2}\}")]
    private static partial Regex Group();
}
