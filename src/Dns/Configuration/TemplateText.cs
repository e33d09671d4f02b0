using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Dataplane.Dns.Configuration;

/// <summary>What a template may refer to.</summary>
internal sealed record TemplateInput(string Zone, string Name, string Class, string Type, Match Match, string Remote);

/// <summary>
/// A record with expressions of a query: the part of Go's templates that Corefiles use.
/// <code>
/// {{ .Name }} {{ .Zone }} {{ .Class }} {{ .Type }} {{ .Remote }} {{ .Group.NAME }} {{ index .Match 1 }} {{ parseInt .Group.NAME 16 8 }}
/// </code>
/// </summary>
internal sealed class TemplateText
{
    private readonly List<Func<TemplateInput, string>> _parts = [];

    /// <exception cref="FormatException">An expression that is not one of these, or not closed.</exception>
    internal TemplateText(string text)
    {
        Text = text;
        for (var at = 0; at < text.Length;)
        {
            var start = text.IndexOf("{{", at, StringComparison.Ordinal);
            var literal = text[at..(start < 0 ? text.Length : start)];
            if (literal.Length > 0)
            {
                _parts.Add(_ => literal);
            }

            if (start < 0)
            {
                return;
            }

            var end = text.IndexOf("}}", start, StringComparison.Ordinal);
            if (end < 0)
            {
                throw new FormatException($"template: unclosed action in \"{text}\"");
            }

            var expression = text[(start + 2)..end].Trim('-', ' ', '\t');
            _parts.Add(Compile(expression.Split(' ', StringSplitOptions.RemoveEmptyEntries)) ?? throw new FormatException($"template: unknown expression \"{expression}\""));
            at = end + 2;
        }
    }

    internal string Text { get; }

    internal string Fill(TemplateInput input) =>
        _parts.Aggregate(new StringBuilder(), (text, part) => text.Append(part(input))).ToString();

    private static Func<TemplateInput, string>? Compile(string[] words) => words switch
    {
        ["index", ".Match", var number] when int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var index) => input => input.Match.Groups[index].Value,
        ["parseInt", var value, var radix, _] when Compile([value]) is { } inner && int.TryParse(radix, NumberStyles.None, CultureInfo.InvariantCulture, out var digits) && digits is 2 or 8 or 10 or 16 =>
            input => ParseInt(inner(input), digits),
        [".Name"] => input => input.Name,
        [".Zone"] => input => input.Zone,
        [".Class"] => input => input.Class,
        [".Type"] => input => input.Type,
        [".Remote"] => input => input.Remote,
        [var group] when group.StartsWith(".Group.", StringComparison.Ordinal) => input => input.Match.Groups[group[7..]].Value,
        _ => null,
    };

    private static string ParseInt(string text, int radix)
    {
        try
        {
            return Convert.ToUInt64(text, radix).ToString(CultureInfo.InvariantCulture);
        }
        catch (Exception failure) when (failure is FormatException or OverflowException or ArgumentException)
        {
            throw new FormatException($"\"{text}\" is not a number of radix {radix}");
        }
    }
}
