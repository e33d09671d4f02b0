using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Dataplane.ControlPlane.Machinery.Json;

/// <summary>JSON as it comes from clients.</summary>
internal static class JsonBytes
{
    /// <summary>
    /// Go's decoder takes what is no character (bytes that are no UTF-8, half of a surrogate pair) for U+FFFD and goes on;
    /// .NET's refuses to read such strings. Documents without either, nearly all, come back as they are.
    /// </summary>
    public static byte[] Clean(byte[] json)
    {
        var valid = Utf8.IsValid(json) ? json : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(json));
        return valid.AsSpan().IndexOf(@"\ud"u8) < 0 && valid.AsSpan().IndexOf(@"\uD"u8) < 0 ? valid : ReplaceHalves(valid);
    }

    private static byte[] ReplaceHalves(byte[] json)
    {
        var clean = (byte[])json.Clone();
        for (var i = 0; i + 5 < clean.Length; i++)
        {
            if (clean[i] != '\\')
            {
                continue;
            }

            if (Escape(clean, i) is not { } unit || !char.IsSurrogate(unit))
            {
                i++;
                continue;
            }

            if (char.IsHighSurrogate(unit) && Escape(clean, i + 6) is { } next && char.IsLowSurrogate(next))
            {
                i += 11;
                continue;
            }

            @"\uFFFD"u8.CopyTo(clean.AsSpan(i));
            i += 5;
        }

        return clean;
    }

    /// <summary>The UTF-16 unit of a \uXXXX escape at a place.</summary>
    private static char? Escape(byte[] json, int at) =>
        at + 5 < json.Length && json[at] == '\\' && json[at + 1] == 'u'
        && ushort.TryParse(json.AsSpan(at + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit)
            ? (char)unit
            : null;
}
