using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Machinery.Validation;

/// <summary>
/// Values as upstream's messages show them: text as Go quotes it (%q), everything that is no text, number or boolean in Go's own
/// syntax (%#v). Source: apimachinery's field.Error.
/// </summary>
internal static class GoValue
{
    public static string Quote(string text)
    {
        var quoted = new StringBuilder(text.Length + 2).Append('"');
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append(@"\\"),
                '\a' => quoted.Append(@"\a"),
                '\b' => quoted.Append(@"\b"),
                '\f' => quoted.Append(@"\f"),
                '\n' => quoted.Append(@"\n"),
                '\r' => quoted.Append(@"\r"),
                '\t' => quoted.Append(@"\t"),
                '\v' => quoted.Append(@"\v"),
                < 0x20 or 0x7f => quoted.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
                < 0x7f => quoted.Append((char)rune.Value),
                var value when IsPrintable(rune) => quoted.Append(rune),
                < 0x10000 and var value => quoted.Append(CultureInfo.InvariantCulture, $"\\u{value:x4}"),
                var value => quoted.Append(CultureInfo.InvariantCulture, $"\\U{value:x8}"),
            };
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>A decoded document as Go prints it (%+v).</summary>
    public static string Plain(JsonNode? value) => value switch
    {
        null => "<nil>",
        JsonObject map => $"map[{string.Join(' ', map.OrderBy(field => field.Key, StringComparer.Ordinal).Select(field => $"{field.Key}:{Plain(field.Value)}"))}]",
        JsonArray list => $"[{string.Join(' ', list.Select(Plain))}]",
        _ => value.ToString(),
    };

    /// <summary>What Go's JSON decoder calls a value it did not expect.</summary>
    public static string TypeOf(JsonNode? value) => value?.GetValueKind() switch
    {
        null or JsonValueKind.Null => "null",
        JsonValueKind.True or JsonValueKind.False => "bool",
        var kind => kind.ToString()!.ToLowerInvariant(),
    };

    /// <summary>[]string; nil when there is none.</summary>
    public static string Strings(JsonArray? texts, string type = "string") =>
        texts is null ? $"[]{type}(nil)" : $"[]{type}{{{string.Join(", ", texts.Select(text => Quote(text?.ToString() ?? "")))}}}";

    /// <summary>map[string]string, by key; nil when there is none.</summary>
    public static string Map(IReadOnlyDictionary<string, string> map) => map.Count == 0
        ? "map[string]string(nil)"
        : $"map[string]string{{{string.Join(", ", map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{Quote(pair.Key)}:{Quote(pair.Value)}"))}}}";

    /// <summary>A metav1.LabelSelector.</summary>
    public static string Selector(JsonObject? selector)
    {
        if (selector is null)
        {
            return Quote("null");
        }

        var labels = Map(selector.StringMap("matchLabels"));
        var expressions = selector.Array("matchExpressions") is null
            ? "[]v1.LabelSelectorRequirement(nil)"
            : $"[]v1.LabelSelectorRequirement{{{string.Join(", ", selector.Objects("matchExpressions").Select(Requirement))}}}";
        return $"v1.LabelSelector{{MatchLabels:{labels}, MatchExpressions:{expressions}}}";
    }

    /// <summary>An intstr.IntOrString.</summary>
    public static string IntOrString(JsonNode? value) => value is JsonValue number && number.AsInteger() is { } whole
        ? string.Create(CultureInfo.InvariantCulture, $"intstr.IntOrString{{Type:0, IntVal:{whole}, StrVal:\"\"}}")
        : $"intstr.IntOrString{{Type:1, IntVal:0, StrVal:{Quote(value?.ToString() ?? "")}}}";

    /// <summary>A resource.Quantity, by the number it was read from and its scale.</summary>
    public static string Quantity(string text)
    {
        var (digits, scale) = (text.TrimEnd("mkMGTPEiKun".ToCharArray()), ScaleOf(text));
        var point = digits.IndexOf('.', StringComparison.Ordinal);
        var fraction = point < 0 ? "" : digits[(point + 1)..];
        var whole = point < 0 ? digits : digits[..point] + fraction;
        var format = text.EndsWith('i') ? "BinarySI" : "DecimalSI";
        var value = long.TryParse(whole, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var parsed) ? parsed : 0;
        if (text.EndsWith('i'))
        {
            (value, scale) = ((long)Api.Quantity.Parse(text).Value, 0);
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"resource.Quantity{{i:resource.int64Amount{{value:{value}, scale:{scale - (text.EndsWith('i') ? 0 : fraction.Length)}}}, d:resource.infDecAmount{{Dec:(*inf.Dec)(nil)}}, s:{Quote(text)}, Format:\"{format}\"}}");
    }

    private static int ScaleOf(string text) => text[^1] switch
    {
        'n' => -9,
        'u' => -6,
        'm' => -3,
        'k' => 3,
        'M' => 6,
        'G' => 9,
        'T' => 12,
        'P' => 15,
        'E' => 18,
        _ => 0,
    };

    private static string Requirement(JsonObject item) =>
        $"v1.LabelSelectorRequirement{{Key:{Quote(item.Text("key") ?? "")}, Operator:{Quote(item.Text("operator") ?? "")}, Values:{Strings(item.Array("values"))}}}";

    private static bool IsPrintable(Rune rune) => Rune.GetUnicodeCategory(rune)
        is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
            or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
