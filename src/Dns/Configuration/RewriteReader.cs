using System.Globalization;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Configuration;

/// <summary>
/// The rules of <c>rewrite</c>, on one line or as lines of a block:
/// <code>
/// rewrite [continue|stop] name [exact|prefix|suffix|substring|regex] FROM TO [answer auto] [answer name|value FROM TO]...
/// rewrite [continue|stop] type|class FROM TO
/// rewrite [continue|stop] ttl   [exact|prefix|suffix|substring|regex] NAME SECONDS|[LEAST]-[MOST]
/// rewrite [continue|stop] rcode [exact|prefix|suffix|substring|regex] NAME FROM TO
/// </code>
/// </summary>
internal static class RewriteReader
{
    private const string Plugin = "rewrite";

    internal static RewriteRule Read(CorefileDirective directive)
    {
        var words = directive.Texts().ToList();
        if (directive.Block is [var first, ..] block)
        {
            words.AddRange([first.Name.Text, .. first.Texts()]);
            foreach (var line in block.Skip(1))
            {
                words.AddRange(line.Name.Text == "answer" ? ["answer", .. line.Texts()] : throw line.Unknown(Plugin));
            }
        }

        var goesOn = words is ["continue", ..];
        if (words is ["continue" or "stop", ..])
        {
            words.RemoveAt(0);
        }

        return words switch
        {
            ["name", .. var rest] => Name(directive, rest, goesOn),
            ["type", var from, var to] =>
                new RewriteRule(RewriteField.Type, null, goesOn) { From = (uint)directive.Type(Plugin, from), To = (uint)directive.Type(Plugin, to) },
            ["class", var from, var to] => new RewriteRule(RewriteField.Class, null, goesOn) { From = Class(directive, from), To = Class(directive, to) },
            ["ttl", .. var rest] => Ttl(directive, rest, goesOn),
            ["rcode", .. var rest] => Code(directive, rest, goesOn),
            ["type" or "class", ..] or [] => throw directive.ArgumentError(),
            [var field, ..] => throw directive.Error($"rewrite of '{field}' is not supported by this server: name, type, class, ttl and rcode are"),
        };
    }

    private static RewriteRule Name(CorefileDirective directive, List<string> words, bool goesOn)
    {
        var match = TakeMatch(words, operands: 2);
        if (words.Count < 2)
        {
            throw directive.ArgumentError();
        }

        var names = Change(directive, match, words[0], words[1]);
        var (automatic, answers) = (match is NameMatch.Exact, new List<AnswerChange>());
        var rest = words[2..];
        while (rest.Count > 0)
        {
            switch (rest)
            {
                case ["answer", "auto", ..]:
                    automatic = true;
                    rest = rest[2..];
                    break;
                case ["answer", "name" or "value", var from, var to, ..]:
                    answers.Add(new AnswerChange(rest[1] == "value", Change(directive, NameMatch.Regex, from, to)));
                    rest = rest[4..];
                    break;
                default:
                    throw directive.Error($"'{string.Join(' ', rest)}': expected answer auto, answer name FROM TO or answer value FROM TO");
            }
        }

        return new RewriteRule(RewriteField.Name, names, goesOn) { IsAutomatic = automatic, Answers = [.. answers] };
    }

    private static RewriteRule Ttl(CorefileDirective directive, List<string> words, bool goesOn)
    {
        var match = TakeMatch(words, operands: 2);
        if (words is not [var name, var seconds])
        {
            throw directive.ArgumentError();
        }

        var dash = seconds.IndexOf('-', StringComparison.Ordinal);
        var (least, most) = dash < 0 ? (seconds, seconds) : (seconds[..dash], seconds[(dash + 1)..]);
        return new RewriteRule(RewriteField.Ttl, Change(directive, match, name, ""), goesOn)
        {
            From = Seconds(least, 0),
            To = Seconds(most, int.MaxValue) is var end && end >= Seconds(least, 0) ? end : throw directive.Error($"invalid TTL range {seconds}"),
        };

        uint Seconds(string text, uint otherwise) => text.Length == 0 && dash >= 0 ? otherwise
            : uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= int.MaxValue ? number
            : throw directive.Error($"\"{text}\" is not a TTL");
    }

    private static RewriteRule Code(CorefileDirective directive, List<string> words, bool goesOn)
    {
        var match = TakeMatch(words, operands: 3);
        return words is [var name, var from, var to]
            ? new RewriteRule(RewriteField.Code, Change(directive, match, name, ""), goesOn) { From = (uint)directive.Code(Plugin, from), To = (uint)directive.Code(Plugin, to) }
            : throw directive.ArgumentError();
    }

    /// <summary>How names are compared, if it is said: before <paramref name="operands"/> more words.</summary>
    private static NameMatch TakeMatch(List<string> words, int operands)
    {
        if (words.Count <= operands)
        {
            return NameMatch.Exact;
        }

        NameMatch? match = words[0].ToLowerInvariant() switch
        {
            "exact" => NameMatch.Exact,
            "prefix" => NameMatch.Prefix,
            "suffix" => NameMatch.Suffix,
            "substring" => NameMatch.Substring,
            "regex" => NameMatch.Regex,
            _ => null,
        };
        if (match is not null)
        {
            words.RemoveAt(0);
        }

        return match ?? NameMatch.Exact;
    }

    /// <summary>Whole names and ends of names are written with the final dot or without.</summary>
    private static NameChange Change(CorefileDirective directive, NameMatch match, string from, string to)
    {
        var ends = match is NameMatch.Exact or NameMatch.Suffix;
        return new NameChange(match, ends ? Absolute(from) : from.ToLowerInvariant(), ends ? Absolute(to) : to.ToLowerInvariant())
        {
            Pattern = match is NameMatch.Regex ? directive.Pattern(Plugin, from) : null,
        };
    }

    private static string Absolute(string name) => name.Length == 0 || name.EndsWith('.') ? name.ToLowerInvariant() : name.ToLowerInvariant() + ".";

    private static uint Class(CorefileDirective directive, string word) => word.ToUpperInvariant() switch
    {
        "IN" => (uint)RecordClass.IN,
        "CH" => (uint)RecordClass.CH,
        _ => throw directive.Error($"invalid class {word}: IN and CH are"),
    };
}
