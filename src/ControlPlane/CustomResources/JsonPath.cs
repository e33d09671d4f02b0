using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.CustomResources;

/// <summary>
/// The JSONPath of printer columns, scale paths and selectable fields: names, quoted names, indexes, slices, wildcards, and filters
/// that compare a path of the item with a literal. Source: client-go's util/jsonpath.
/// </summary>
internal sealed class JsonPath
{
    private readonly IReadOnlyList<Func<JsonNode?, IEnumerable<JsonNode?>>> _steps;

    private JsonPath(IReadOnlyList<Func<JsonNode?, IEnumerable<JsonNode?>>> steps, IReadOnlyList<string>? names)
    {
        _steps = steps;
        Names = names;
    }

    /// <summary>The fields of a path that is nothing but fields; null for any other.</summary>
    public IReadOnlyList<string>? Names { get; }

    /// <param name="text">".status.conditions[?(@.type==\"Ready\")].status", with or without braces.</param>
    /// <exception cref="FormatException">What is not understood.</exception>
    public static JsonPath Parse(string text)
    {
        var reader = new Reader(text is ['{', .. var inner, '}'] ? inner : text);
        var steps = new List<Func<JsonNode?, IEnumerable<JsonNode?>>>();
        var names = new List<string>();
        var plain = true;
        while (!reader.AtEnd)
        {
            if (reader.Name() is { } name)
            {
                names.Add(name);
                steps.Add(name == "*" ? All : node => Field(node, name));
                plain &= name != "*";
            }
            else
            {
                var inside = reader.Brackets();
                var step = Bracket(inside);
                plain = false;
                steps.Add(step);
            }
        }

        return new JsonPath(steps, plain ? names : null);
    }

    /// <summary>What the path leads to; nothing when it leads nowhere.</summary>
    public IEnumerable<JsonNode?> Find(JsonNode root)
    {
        IEnumerable<JsonNode?> found = [root];
        foreach (var step in _steps)
        {
            found = found.SelectMany(step);
        }

        return found;
    }

    private static IEnumerable<JsonNode?> Field(JsonNode? node, string name) =>
        node is JsonObject obj && obj.TryGetPropertyValue(name, out var value) ? [value] : [];

    private static IEnumerable<JsonNode?> All(JsonNode? node) => node switch
    {
        JsonArray list => list,
        JsonObject obj => obj.Select(field => field.Value),
        _ => [],
    };

    private static Func<JsonNode?, IEnumerable<JsonNode?>> Bracket(string inside)
    {
        if (inside == "*")
        {
            return All;
        }

        if (inside is ['\'' or '"', .. var quoted, '\'' or '"'])
        {
            return node => Field(node, quoted);
        }

        if (inside is ['?', '(', .. var condition, ')'])
        {
            var filter = Filter(condition);
            return node => All(node).Where(filter);
        }

        var parts = inside.Split(':');
        if (parts.Length == 1 && int.TryParse(inside, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index))
        {
            return node => node is JsonArray list && (index < 0 ? index + list.Count : index) is var at && at >= 0 && at < list.Count
                ? [list[at]]
                : [];
        }

        if (parts.Length == 2)
        {
            var (from, to) = (Bound(parts[0]), Bound(parts[1]));
            return node => node is JsonArray list ? list.Take((from ?? 0)..(to ?? list.Count)) : [];
        }

        throw new FormatException($"invalid array index {inside}");
    }

    private static int? Bound(string text) => text.Length == 0
        ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var bound)
            ? bound
            : throw new FormatException($"invalid array index {text}");

    private static Func<JsonNode?, bool> Filter(string condition)
    {
        foreach (var op in new[] { "==", "!=", ">=", "<=", ">", "<" })
        {
            var at = condition.IndexOf(op, StringComparison.Ordinal);
            if (at > 0)
            {
                var left = Operand(condition[..at].Trim());
                var right = Operand(condition[(at + op.Length)..].Trim());
                return item => left(item) is { } a && right(item) is { } b && Holds(op, Compare(a, b));
            }
        }

        var exists = Operand(condition.Trim());
        return item => exists(item) is not null;
    }

    private static Func<JsonNode?, JsonNode?> Operand(string text)
    {
        if (text is ['@', .. var path])
        {
            var parsed = Parse(path);
            return item => item is null ? null : parsed.Find(item).FirstOrDefault();
        }

        if (text is ['\'' or '"', .. var quoted, '\'' or '"'])
        {
            return _ => JsonValue.Create(quoted);
        }

        try
        {
            var literal = JsonNode.Parse(text);
            return _ => literal;
        }
        catch (JsonException)
        {
            throw new FormatException($"unrecognized operand {text} in filter");
        }
    }

    private static int? Compare(JsonNode left, JsonNode right)
    {
        if (left.GetValueKind() == JsonValueKind.Number && right.GetValueKind() == JsonValueKind.Number)
        {
            return Number(left).CompareTo(Number(right));
        }

        return left.GetValueKind() == right.GetValueKind() ? string.CompareOrdinal(left.ToString(), right.ToString()) : null;
    }

    private static double Number(JsonNode node) => double.Parse(node.ToJsonString(), CultureInfo.InvariantCulture);

    private static bool Holds(string op, int? order) => op switch
    {
        "==" => order == 0,
        "!=" => order != 0,
        ">=" => order >= 0,
        "<=" => order <= 0,
        ">" => order > 0,
        _ => order < 0,
    };

    private sealed class Reader(string text)
    {
        private int _at;

        public bool AtEnd => _at >= text.Length;

        /// <summary>".name" with "\." for a dot in it; null when something else is next.</summary>
        public string? Name()
        {
            if (text[_at] == '[')
            {
                return null;
            }

            if (text[_at] == '.' && _at + 1 < text.Length && text[_at + 1] == '[')
            {
                _at++;
                return null;
            }

            if (text[_at] != '.')
            {
                throw new FormatException($"unrecognized character in path: {text[_at]}");
            }

            var name = new StringBuilder();
            for (_at++; _at < text.Length && text[_at] is not ('.' or '['); _at++)
            {
                if (text[_at] == '\\' && _at + 1 < text.Length)
                {
                    _at++;
                }

                name.Append(text[_at]);
            }

            return name.Length > 0 || AtEnd ? name.ToString() : throw new FormatException("recursive descent is not supported");
        }

        /// <summary>What stands between the next brackets.</summary>
        public string Brackets()
        {
            var start = ++_at;
            var quote = '\0';
            for (var depth = 1; _at < text.Length; _at++)
            {
                var letter = text[_at];
                if (quote != '\0')
                {
                    quote = letter == quote ? '\0' : quote;
                }
                else if (letter is '\'' or '"')
                {
                    quote = letter;
                }
                else if (letter == '[')
                {
                    depth++;
                }
                else if (letter == ']' && --depth == 0)
                {
                    return text[start.._at++];
                }
            }

            throw new FormatException("unterminated array");
        }
    }
}
