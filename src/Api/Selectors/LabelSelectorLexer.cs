namespace Dataplane.Api.Selectors;

/// <summary>What a part of a label selector is.</summary>
internal enum LabelSelectorToken
{
    Identifier,
    Comma,
    OpenParenthesis,
    CloseParenthesis,
    DoesNotExist,
    Operator,

    /// <summary>Symbols that are no operator; the text is what to say of them.</summary>
    Error,
    End,
}

/// <summary>Cuts a label selector into words and symbols. A symbol is the longest run of symbol characters that means something.</summary>
internal static class LabelSelectorLexer
{
    public static List<(LabelSelectorToken Token, string Text)> Scan(string text)
    {
        var items = new List<(LabelSelectorToken, string)>();
        var position = 0;
        while (position < text.Length)
        {
            if (IsSpace(text[position]))
            {
                position++;
            }
            else if (IsSymbol(text[position]))
            {
                items.Add(ScanSymbol(text, ref position));
            }
            else
            {
                var start = position;
                while (position < text.Length && !IsSymbol(text[position]) && !IsSpace(text[position]))
                {
                    position++;
                }

                var word = text[start..position];
                items.Add((word is "in" or "notin" ? LabelSelectorToken.Operator : LabelSelectorToken.Identifier, word));
            }
        }

        items.Add((LabelSelectorToken.End, ""));
        return items;
    }

    private static (LabelSelectorToken Token, string Text) ScanSymbol(string text, ref int position)
    {
        var start = position;
        var end = start;
        (LabelSelectorToken Token, string Text)? longest = null;
        while (end < text.Length && IsSymbol(text[end]))
        {
            var symbol = text[start..(end + 1)];
            if (TokenOf(symbol) is { } token)
            {
                longest = (token, symbol);
            }
            else if (longest is not null)
            {
                break;
            }

            end++;
        }

        position = end;
        return longest ?? (LabelSelectorToken.Error, $"error expected: keyword found '{text[start..end]}'");
    }

    private static LabelSelectorToken? TokenOf(string symbol) => symbol switch
    {
        "(" => LabelSelectorToken.OpenParenthesis,
        ")" => LabelSelectorToken.CloseParenthesis,
        "," => LabelSelectorToken.Comma,
        "!" => LabelSelectorToken.DoesNotExist,
        "=" or "==" or "!=" or ">" or "<" => LabelSelectorToken.Operator,
        _ => null,
    };

    private static bool IsSpace(char c) => c is ' ' or '\t' or '\r' or '\n';

    private static bool IsSymbol(char c) => c is '=' or '!' or '(' or ')' or ',' or '>' or '<';
}
