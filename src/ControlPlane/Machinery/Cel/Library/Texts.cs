using System.Globalization;
using System.Text;
using Dataplane.ControlPlane.CustomResources.Schemas;

namespace Dataplane.ControlPlane.Machinery.Cel.Library;

/// <summary>Strings. Positions count code points.</summary>
internal static class Texts
{
    public static IEnumerable<CelOverload> All { get; } =
    [
        new("size", "(string) -> int", (values, cost) => Size(values, cost)),
        new(".size", "(string) -> int", (values, cost) => Size(values, cost)),
        new("size", "(bytes) -> int", (values, _) => (long)((byte[])values[0]!).Length),
        new(".size", "(bytes) -> int", (values, _) => (long)((byte[])values[0]!).Length),
        new(".contains", "(string, string) -> bool", (values, cost) => Read(values, 0, cost).Contains(Read(values, 1, cost), StringComparison.Ordinal)),
        new(".startsWith", "(string, string) -> bool", (values, cost) => Read(values, 0, cost).StartsWith(Read(values, 1, cost), StringComparison.Ordinal)),
        new(".endsWith", "(string, string) -> bool", (values, cost) => Read(values, 0, cost).EndsWith(Read(values, 1, cost), StringComparison.Ordinal)),
        new(".matches", "(string, string) -> bool", (values, cost) => Expression(values, cost).IsMatch((string)values[0]!)),
        new("matches", "(string, string) -> bool", (values, cost) => Expression(values, cost).IsMatch((string)values[0]!)),
        new(".find", "(string, string) -> string", (values, cost) => Expression(values, cost).Match((string)values[0]!).Value),
        new(".findAll", "(string, string) -> list(string)", (values, cost) => FindAll(values, long.MaxValue, cost)),
        new(".findAll", "(string, string, int) -> list(string)", (values, cost) => FindAll(values, (long)values[2]!, cost)),
        new(".charAt", "(string, int) -> string", (values, cost) => Part(Read(values, 0, cost), (long)values[1]!, (long)values[1]! + 1, mayBeEnd: true)),
        new(".indexOf", "(string, string) -> int", (values, cost) => IndexOf(Read(values, 0, cost), Read(values, 1, cost), 0)),
        new(".indexOf", "(string, string, int) -> int", (values, cost) => IndexOf(Read(values, 0, cost), Read(values, 1, cost), (long)values[2]!)),
        new(".lastIndexOf", "(string, string) -> int", (values, cost) => LastIndexOf(Read(values, 0, cost), Read(values, 1, cost), long.MaxValue)),
        new(".lastIndexOf", "(string, string, int) -> int", (values, cost) => LastIndexOf(Read(values, 0, cost), Read(values, 1, cost), (long)values[2]!)),
        new(".lowerAscii", "(string) -> string", (values, cost) => Ascii(Read(values, 0, cost), char.ToLowerInvariant)),
        new(".upperAscii", "(string) -> string", (values, cost) => Ascii(Read(values, 0, cost), char.ToUpperInvariant)),
        new(".trim", "(string) -> string", (values, cost) => Read(values, 0, cost).Trim()),
        new(".replace", "(string, string, string) -> string", (values, cost) => Replace(values, -1, cost)),
        new(".replace", "(string, string, string, int) -> string", (values, cost) => Replace(values, (long)values[3]!, cost)),
        new(".split", "(string, string) -> list(string)", (values, cost) => Split(values, -1, cost)),
        new(".split", "(string, string, int) -> list(string)", (values, cost) => Split(values, (long)values[2]!, cost)),
        new(".substring", "(string, int) -> string", (values, cost) => Part(Read(values, 0, cost), (long)values[1]!, long.MaxValue, mayBeEnd: true)),
        new(".substring", "(string, int, int) -> string", (values, cost) => Part(Read(values, 0, cost), (long)values[1]!, (long)values[2]!, mayBeEnd: false)),
        new(".join", "(list(string)) -> string", (values, cost) => Join(values[0], "", cost)),
        new(".join", "(list(string), string) -> string", (values, cost) => Join(values[0], (string)values[1]!, cost)),
        new(".format", "(string, list(dyn)) -> string", (values, cost) => Format(Read(values, 0, cost), (IReadOnlyList<object?>)values[1]!, cost)),
    ];

    private static string Read(object?[] values, int index, CelCost cost)
    {
        var text = (string)values[index]!;
        cost.Characters(text.Length);
        return text;
    }

    private static object Size(object?[] values, CelCost cost) => CelValue.Length(Read(values, 0, cost));

    // Linear in text and pattern: the pattern may come from whoever writes the object.
    private static System.Text.RegularExpressions.Regex Expression(object?[] values, CelCost cost)
    {
        var pattern = (string)values[1]!;
        cost.Add((1 + (((string)values[0]!).Length / 10)) * (1 + (pattern.Length / 4)));
        try
        {
            return GoPattern.Compile(pattern);
        }
        catch (ArgumentException error)
        {
            throw new CelException($"error parsing regexp: {error.Message}");
        }
    }

    private static List<object?> FindAll(object?[] values, long most, CelCost cost) =>
        [.. Expression(values, cost).Matches((string)values[0]!).Take((int)Math.Clamp(most < 0 ? long.MaxValue : most, 0, int.MaxValue)).Select(match => match.Value)];

    private static string Part(string text, long from, long to, bool mayBeEnd)
    {
        var runes = CelValue.Characters(text);
        to = mayBeEnd ? Math.Min(to, runes.Length) : to;
        if (from < 0 || from > runes.Length)
        {
            throw new CelException($"index out of range: {from}");
        }

        if (to < 0 || to > runes.Length)
        {
            throw new CelException($"index out of range: {to}");
        }

        return from <= to
            ? string.Concat(runes[(int)from..(int)to].Select(rune => rune.ToString()))
            : throw new CelException($"invalid substring range. start: {from}, end: {to}");
    }

    private static object IndexOf(string text, string part, long from)
    {
        var (whole, wanted) = (CelValue.Characters(text), CelValue.Characters(part));
        if (part.Length == 0)
        {
            return from;
        }

        if (from < 0 || from >= Math.Max(1, whole.Length))
        {
            throw new CelException($"index out of range: {from}");
        }

        var found = whole.AsSpan((int)from).IndexOf(wanted);
        return found < 0 ? -1L : from + found;
    }

    private static object LastIndexOf(string text, string part, long until)
    {
        var (whole, wanted) = (CelValue.Characters(text), CelValue.Characters(part));
        if (until < 0 || (until != long.MaxValue && until >= Math.Max(1, whole.Length)))
        {
            throw new CelException($"index out of range: {until}");
        }

        var last = (int)Math.Min(until, whole.Length - wanted.Length);
        for (var at = last; at >= 0; at--)
        {
            if (at + wanted.Length <= whole.Length && whole.AsSpan(at, wanted.Length).SequenceEqual(wanted))
            {
                return (long)at;
            }
        }

        return -1L;
    }

    private static string Ascii(string text, Func<char, char> change) => string.Concat(text.Select(letter => char.IsAscii(letter) ? change(letter) : letter));

    private static string Replace(object?[] values, long most, CelCost cost)
    {
        var (text, old, replacement) = (Read(values, 0, cost), Read(values, 1, cost), Read(values, 2, cost));
        var pieces = Pieces(text, old, most < 0 ? -1 : most + 1);
        cost.Characters((long)pieces.Count * replacement.Length);
        return old.Length == 0 ? Around(text, replacement, most) : string.Join(replacement, pieces);
    }

    // An empty text is found before, between and after all characters.
    private static string Around(string text, string replacement, long most)
    {
        var result = new StringBuilder();
        var left = most < 0 ? long.MaxValue : most;
        foreach (var rune in CelValue.Characters(text))
        {
            result.Append(left-- > 0 ? replacement : "").Append(rune);
        }

        return result.Append(left > 0 ? replacement : "").ToString();
    }

    private static List<object?> Split(object?[] values, long most, CelCost cost)
    {
        var (text, separator) = (Read(values, 0, cost), Read(values, 1, cost));
        var pieces = most == 0 ? [] : separator.Length > 0
            ? Pieces(text, separator, most)
            : [.. CelValue.Characters(text).Select(rune => rune.ToString())];
        cost.Add(pieces.Count);
        return [.. pieces];
    }

    private static List<string> Pieces(string text, string separator, long most) => separator.Length == 0
        ? [text]
        : [.. most < 0 ? text.Split(separator) : text.Split(separator, (int)Math.Clamp(most, 1, int.MaxValue))];

    private static string Join(object? list, string separator, CelCost cost)
    {
        var parts = new List<string>();
        foreach (var item in (IReadOnlyList<object?>)list!)
        {
            var part = item as string ?? throw CelException.NoSuchOverload();
            cost.Characters(part.Length + separator.Length);
            parts.Add(part);
        }

        return string.Join(separator, parts);
    }

    private static string Format(string format, IReadOnlyList<object?> arguments, CelCost cost)
    {
        var result = new StringBuilder();
        var next = 0;
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                result.Append(format[i]);
                continue;
            }

            if (++i == format.Length)
            {
                throw new CelException("unexpected end of string");
            }

            if (format[i] == '%')
            {
                result.Append('%');
                continue;
            }

            var precision = Precision(format, ref i);
            if (next >= arguments.Count)
            {
                throw new CelException($"index {next} out of range");
            }

            var text = Clause(format[i], precision, arguments[next++]);
            cost.Characters(text.Length);
            result.Append(text);
        }

        return result.ToString();
    }

    private static int Precision(string format, ref int at)
    {
        if (format[at] != '.')
        {
            return 6;
        }

        var start = ++at;
        while (at < format.Length && char.IsAsciiDigit(format[at]))
        {
            at++;
        }

        return at < format.Length && int.TryParse(format.AsSpan(start, at - start), CultureInfo.InvariantCulture, out var precision) && precision <= 100
            ? precision
            : throw new CelException("error while parsing precision");
    }

    private static string Clause(char clause, int precision, object? value) => (clause, value) switch
    {
        ('s', _) => Show(value),
        ('d', long or ulong) => Show(value),
        ('f', double or long or ulong) => Convert.ToDouble(value, CultureInfo.InvariantCulture).ToString($"F{precision}", CultureInfo.InvariantCulture),
        ('e', double or long or ulong) => Convert.ToDouble(value, CultureInfo.InvariantCulture)
            .ToString($"0.{new string('0', precision)}e+00", CultureInfo.InvariantCulture),
        ('b', bool flag) => flag ? "1" : "0",
        ('b', long number) => Convert.ToString(number, 2),
        ('o', long number) => Convert.ToString(number, 8),
        ('x', long number) => number.ToString("x", CultureInfo.InvariantCulture),
        ('X', long number) => number.ToString("X", CultureInfo.InvariantCulture),
        ('x', string text) => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text)),
        ('X', string text) => Convert.ToHexString(Encoding.UTF8.GetBytes(text)),
        _ => throw new CelException($"error during formatting: unrecognized formatting clause \"{clause}\" for a value of type {CelValue.TypeName(value)}"),
    };

    private static string Show(object? value) => value switch
    {
        null => "null",
        string text => text,
        bool flag => flag ? "true" : "false",
        double number => CelValue.Show(number),
        byte[] bytes => Encoding.UTF8.GetString(bytes),
        DateTimeOffset time => Times.Show(time),
        TimeSpan duration => Times.Show(duration),
        CelTypeName type => type.Name,
        CelMap map => $"{{{string.Join(", ", map.Select(entry => $"{Show(entry.Key)}: {Show(entry.Value)}").Order(StringComparer.Ordinal))}}}",
        IReadOnlyList<object?> list => $"[{string.Join(", ", list.Select(Show))}]",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => throw new CelException($"error during formatting: no string of a value of type {CelValue.TypeName(value)}"),
    };
}
