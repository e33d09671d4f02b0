using System.Globalization;
using System.Text.RegularExpressions;

namespace Dataplane.Dns.Configuration;

internal enum NameMatch
{
    Exact,
    Prefix,
    Suffix,
    Substring,
    Regex,

    /// <summary>A suffix of whole labels; not for configuration, which has none such.</summary>
    Zone,
}

/// <summary>Puts one name in another's place. Names are lower-case text with the final dot.</summary>
/// <param name="Match">How names are compared.</param>
/// <param name="From">Lower case, with the final dot where it stands at a name's end.</param>
/// <param name="To">What takes its place; <c>{1}</c> is a group of a regular expression.</param>
internal sealed partial record NameChange(NameMatch Match, string From, string To)
{
    internal Regex? Pattern { get; init; }

    /// <returns>Null when the name is not one of those it is about.</returns>
    internal string? Apply(string name) => Match switch
    {
        NameMatch.Exact => name == From ? To : null,
        NameMatch.Prefix => name.StartsWith(From, StringComparison.Ordinal) ? To + name[From.Length..] : null,
        NameMatch.Suffix => name.EndsWith(From, StringComparison.Ordinal) ? name[..^From.Length] + To : null,
        NameMatch.Zone => name.EndsWith(From, StringComparison.Ordinal) && (name.Length == From.Length || name[^(From.Length + 1)] == '.') ? name[..^From.Length] + To : null,
        NameMatch.Substring => name.Contains(From, StringComparison.Ordinal) ? name.Replace(From, To, StringComparison.Ordinal) : null,
        _ => Matched(name),
    };

    private string? Matched(string name) =>
        Pattern!.Match(name) is { Success: true } match
            ? Group().Replace(To, reference => match.Groups[int.Parse(reference.ValueSpan[1..^1], CultureInfo.InvariantCulture)].Value)
            : null;

    [GeneratedRegex(@"\{[0-9]{1,2}\}")]
    private static partial Regex Group();
}

/// <param name="InData">Whether it is about the names that records hold, rather than about their owners.</param>
/// <param name="Names">The change.</param>
internal sealed record AnswerChange(bool InData, NameChange Names);
