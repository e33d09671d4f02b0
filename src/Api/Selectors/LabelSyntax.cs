namespace Dataplane.Api.Selectors;

/// <summary>
/// The shapes of label keys and values: a key is <c>[prefix/]name</c>, prefix a DNS subdomain of at most 253, name and value at
/// most 63 of <c>[A-Za-z0-9._-]</c> with an alphanumeric at both ends; a value may be empty.
/// </summary>
public static class LabelSyntax
{
    private const int MaxName = 63;
    private const int MaxPrefix = 253;

    /// <summary>Whether a text may be a label's or annotation's key.</summary>
    public static bool IsKey(ReadOnlySpan<char> text)
    {
        var slash = text.IndexOf('/');
        if (slash < 0)
        {
            return IsQualified(text);
        }

        return IsQualified(text[(slash + 1)..]) && IsSubdomain(text[..slash]);
    }

    /// <summary>Whether a text may be a label's value.</summary>
    public static bool IsValue(ReadOnlySpan<char> text) => text.IsEmpty || IsQualified(text);

    private static bool IsQualified(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || text.Length > MaxName || !char.IsAsciiLetterOrDigit(text[0]) || !char.IsAsciiLetterOrDigit(text[^1]))
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.'))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsSubdomain(ReadOnlySpan<char> text)
    {
        if (text.Length > MaxPrefix)
        {
            return false;
        }

        foreach (var range in text.Split('.'))
        {
            var label = text[range];
            if (label.IsEmpty || label[0] == '-' || label[^1] == '-' || label.ContainsAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789-"))
            {
                return false;
            }
        }

        return true;
    }
}
