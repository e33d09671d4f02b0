namespace Dataplane.Api.Selectors;

/// <summary>
/// The shapes of label keys and values: a key is <c>[prefix/]name</c>, prefix a DNS subdomain of at most 253, name and value at
/// most 63 of <c>[A-Za-z0-9._-]</c> with an alphanumeric at both ends; a value may be empty.
/// </summary>
public static class LabelSyntax
{
    /// <summary>What is said of a text that should be a DNS subdomain (RFC 1123) and is none.</summary>
    public const string NotSubdomain =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character " +
        @"(e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    private const string NotName =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
        "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

    private const string NotValue =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
        "(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

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

        return IsQualified(text[(slash + 1)..]) && slash <= MaxPrefix && IsSubdomain(text[..slash]);
    }

    /// <summary>Whether a text may be a label's value.</summary>
    public static bool IsValue(ReadOnlySpan<char> text) => text.IsEmpty || IsQualified(text);

    /// <summary>What is wrong with a label's or annotation's key, in the words clients know; nothing when it is good.</summary>
    public static IEnumerable<string> KeyErrors(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash != text.LastIndexOf('/'))
        {
            yield return $"a qualified name {NotName} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            yield break;
        }

        var (prefix, name) = (slash < 0 ? null : text[..slash], text[(slash + 1)..]);
        if (prefix is "")
        {
            yield return "prefix part must be non-empty";
        }
        else if (prefix is not null && prefix.Length > MaxPrefix)
        {
            yield return $"prefix part must be no more than {MaxPrefix} characters";
        }

        if (prefix is { Length: > 0 } && !IsSubdomain(prefix))
        {
            yield return "prefix part " + NotSubdomain;
        }

        if (name.Length == 0)
        {
            yield return "name part must be non-empty";
        }
        else if (name.Length > MaxName)
        {
            yield return $"name part must be no more than {MaxName} characters";
        }

        if (!IsWord(name))
        {
            yield return "name part " + NotName;
        }
    }

    /// <summary>What is wrong with a label's value, in the words clients know; nothing when it is good.</summary>
    public static IEnumerable<string> ValueErrors(string text)
    {
        if (text.Length > MaxName)
        {
            yield return $"must be no more than {MaxName} characters";
        }

        if (text.Length > 0 && !IsWord(text))
        {
            yield return NotValue;
        }
    }

    private static bool IsQualified(ReadOnlySpan<char> text) => text.Length <= MaxName && IsWord(text);

    private static bool IsWord(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || !char.IsAsciiLetterOrDigit(text[0]) || !char.IsAsciiLetterOrDigit(text[^1]))
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
