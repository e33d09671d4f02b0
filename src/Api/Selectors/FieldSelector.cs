using System.Text;

namespace Dataplane.Api.Selectors;

/// <summary>One requirement of a field selector.</summary>
/// <param name="Field">A path such as <c>spec.nodeName</c>.</param>
/// <param name="Equal">False for <c>!=</c>.</param>
/// <param name="Value">The value to compare with; absent fields are compared as empty.</param>
public sealed record FieldRequirement(string Field, bool Equal, string Value);

/// <summary>A field selector in the form of the <c>fieldSelector</c> query parameter: <c>a=b,c!=d</c>, all must hold.</summary>
/// <remarks>A backslash makes a comma, an equals sign or a backslash part of a value.</remarks>
public sealed class FieldSelector
{
    /// <summary>Matches every object.</summary>
    public static readonly FieldSelector Everything = new([]);

    private FieldSelector(IReadOnlyList<FieldRequirement> requirements) => Requirements = requirements;

    /// <summary>The requirements, ANDed.</summary>
    public IReadOnlyList<FieldRequirement> Requirements { get; }

    /// <summary><c>field=value</c>.</summary>
    public static FieldSelector Equal(string field, string value) => new([new FieldRequirement(field, true, value)]);

    /// <summary>Reads a selector; the empty string matches everything.</summary>
    /// <exception cref="FormatException">Not a selector, in apimachinery's words.</exception>
    public static FieldSelector Parse(string text)
    {
        var requirements = new List<FieldRequirement>();
        var position = 0;
        while (position < text.Length)
        {
            var end = NextComma(text, position);
            if (end > position)
            {
                requirements.Add(ReadRequirement(text, text[position..end]));
            }

            position = end + 1;
        }

        return requirements.Count == 0 ? Everything : new FieldSelector(requirements);
    }

    /// <summary>Whether all requirements hold for an object whose fields a function looks up.</summary>
    public bool Matches(Func<string, string?> field)
    {
        foreach (var requirement in Requirements)
        {
            if (string.Equals(field(requirement.Field) ?? "", requirement.Value, StringComparison.Ordinal) != requirement.Equal)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The query parameter form, which <see cref="Parse"/> reads back.</summary>
    public override string ToString() =>
        string.Join(',', Requirements.Select(requirement => $"{requirement.Field}{(requirement.Equal ? "=" : "!=")}{Escape(requirement.Value)}"));

    private static FieldRequirement ReadRequirement(string selector, string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0 || text[..equals] == "!")
        {
            throw new FormatException($"invalid selector: '{selector}'; can't understand '{text}'");
        }

        var notEqual = text[equals - 1] == '!';
        var field = text[..(notEqual ? equals - 1 : equals)];
        var value = equals + 1 < text.Length && text[equals + 1] == '=' && !notEqual ? text[(equals + 2)..] : text[(equals + 1)..];
        return new FieldRequirement(field, !notEqual, Unescape(value));
    }

    private static int NextComma(string text, int from)
    {
        for (var i = from; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == ',')
            {
                return i;
            }
        }

        return text.Length;
    }

    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace(",", "\\,", StringComparison.Ordinal)
            .Replace("=", "\\=", StringComparison.Ordinal);

    private static string Unescape(string value)
    {
        var result = new StringBuilder(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            switch (value[i])
            {
                case '\\' when i + 1 < value.Length && value[i + 1] is '\\' or ',' or '=':
                    result.Append(value[++i]);
                    break;
                case '\\':
                    throw new FormatException($"invalid field selector: invalid escape sequence: {value.Substring(i, Math.Min(2, value.Length - i))}");
                case '=' or ',':
                    throw new FormatException($"invalid field selector: unescaped character in value: {(int)value[i]}");
                default:
                    result.Append(value[i]);
                    break;
            }
        }

        return result.ToString();
    }
}
