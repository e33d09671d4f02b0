using System.Globalization;
using System.Text;

namespace Dataplane.Dns.Wire;

/// <summary>Names between text and wire form, for configuration, tests and printing; the query path never makes text.</summary>
internal static class DnsName
{
    private const int MaxLabel = 63;

    /// <summary>Encodes a name, absolute with or without its final dot; <c>\.</c> and <c>\DDD</c> escapes as in master files.</summary>
    /// <returns>Wire form with the root, case kept.</returns>
    /// <exception cref="FormatException">An empty label, a label over 63 bytes or a name over 255.</exception>
    internal static byte[] Parse(string text)
    {
        if (text is "." or "")
        {
            return [0];
        }

        Span<byte> wire = stackalloc byte[text.Length + 2];
        var lengthAt = 0;
        var at = 1;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '.')
            {
                CloseLabel(wire, lengthAt, at, text);
                lengthAt = at++;
                continue;
            }

            wire[at++] = text[i] == '\\' ? Unescape(text, ref i) : Ascii(text, i);
        }

        if (text[^1] != '.' || at - lengthAt > 1)
        {
            CloseLabel(wire, lengthAt, at, text);
            wire[at++] = 0;
        }
        else
        {
            wire[lengthAt] = 0;
        }

        return at <= NameView.MaxLength ? wire[..at].ToArray() : throw new FormatException($"name '{text}' is longer than 255 bytes");
    }

    /// <summary>As <see cref="Parse"/>, folded to lower case: the form zones keep.</summary>
    internal static byte[] ParseLower(string text)
    {
        var wire = Parse(text);
        NameView.ToLower(wire);
        return wire;
    }

    /// <summary>One label with its length byte, folded; <see langword="null"/> when it is empty or over 63 bytes.</summary>
    internal static byte[]? Label(string text)
    {
        if (text.Length is 0 or > MaxLabel || !System.Text.Ascii.IsValid(text))
        {
            return null;
        }

        var label = new byte[text.Length + 1];
        label[0] = (byte)text.Length;
        Encoding.ASCII.GetBytes(text, label.AsSpan(1));
        NameView.ToLower(label);
        return label;
    }

    /// <summary>Presentation form with the final dot (RFC 1035, 5.1).</summary>
    internal static string Format(ReadOnlySpan<byte> wire)
    {
        if (wire.Length <= 1)
        {
            return ".";
        }

        var text = new StringBuilder(wire.Length);
        for (var at = 0; wire[at] != 0; at += wire[at] + 1)
        {
            foreach (var value in wire.Slice(at + 1, wire[at]))
            {
                _ = value switch
                {
                    (byte)'.' or (byte)'\\' or (byte)'"' or (byte)';' or (byte)'(' or (byte)')' or (byte)'@' or (byte)'$' => text.Append('\\').Append((char)value),
                    > 0x20 and < 0x7F => text.Append((char)value),
                    _ => text.Append(CultureInfo.InvariantCulture, $"\\{value:D3}"),
                };
            }

            text.Append('.');
        }

        return text.ToString();
    }

    private static void CloseLabel(Span<byte> wire, int lengthAt, int at, string text)
    {
        var length = at - lengthAt - 1;
        wire[lengthAt] = length is > 0 and <= MaxLabel
            ? (byte)length
            : throw new FormatException($"name '{text}' has {(length == 0 ? "an empty label" : "a label longer than 63 bytes")}");
    }

    private static byte Ascii(string text, int at) =>
        text[at] is > ' ' and < '\x7F' ? (byte)text[at] : throw new FormatException($"name '{text}' has the character U+{(int)text[at]:X4}");

    private static byte Unescape(string text, ref int at)
    {
        var rest = text.AsSpan(at + 1);
        if (rest.Length >= 3 && byte.TryParse(rest[..3], NumberStyles.None, CultureInfo.InvariantCulture, out var value))
        {
            at += 3;
            return value;
        }

        if (rest.IsEmpty)
        {
            throw new FormatException($"name '{text}' ends in a lone backslash");
        }

        return Ascii(text, ++at);
    }
}
