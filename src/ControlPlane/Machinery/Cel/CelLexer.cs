using System.Globalization;
using System.Text;

namespace Dataplane.ControlPlane.Machinery.Cel;

/// <summary>Cuts an expression into tokens. Source: the CEL language definition, "Syntax".</summary>
internal sealed class CelLexer(string source, CelIssues issues)
{
    private static readonly string[] Symbols =
        ["==", "!=", "<=", ">=", "&&", "||", "[", "]", "{", "}", "(", ")", ".", ",", "-", "!", "?", ":", "+", "*", "/", "%", "<", ">"];

    private int _at;

    public List<CelToken> Read()
    {
        var tokens = new List<CelToken>();
        while (true)
        {
            SkipBlanks();
            if (_at >= source.Length)
            {
                tokens.Add(new CelToken(CelTokenKind.End, source.Length, "<EOF>"));
                return tokens;
            }

            if (Next() is { } token)
            {
                tokens.Add(token);
            }
        }
    }

    private void SkipBlanks()
    {
        while (_at < source.Length)
        {
            if (source[_at] is ' ' or '\t' or '\n' or '\r' or '\f')
            {
                _at++;
            }
            else if (source.AsSpan(_at).StartsWith("//"))
            {
                var end = source.IndexOf('\n', _at);
                _at = end < 0 ? source.Length : end;
            }
            else
            {
                return;
            }
        }
    }

    private CelToken? Next()
    {
        var start = _at;
        if (char.IsAsciiDigit(source[_at]) || (source[_at] == '.' && char.IsAsciiDigit(Peek(1))))
        {
            return Number(start);
        }

        if (StringPrefix() is { } prefix)
        {
            return Text(start, prefix);
        }

        if (char.IsAsciiLetter(source[_at]) || source[_at] == '_')
        {
            while (_at < source.Length && (char.IsAsciiLetterOrDigit(source[_at]) || source[_at] == '_'))
            {
                _at++;
            }

            var word = source[start.._at];
            return new CelToken(word is "true" or "false" or "null" or "in" ? CelTokenKind.Symbol : CelTokenKind.Identifier, start, word);
        }

        foreach (var symbol in Symbols)
        {
            if (source.AsSpan(_at).StartsWith(symbol))
            {
                _at += symbol.Length;
                return new CelToken(CelTokenKind.Symbol, start, symbol);
            }
        }

        _at++;
        issues.Add(start, $"Syntax error: token recognition error at: '{source[start]}{(source[start] is '=' or '&' or '|' && Peek(0) != '\0' ? Peek(0) : "")}'");
        return null;
    }

    private char Peek(int ahead) => _at + ahead < source.Length ? source[_at + ahead] : '\0';

    private CelToken Number(int start)
    {
        if (source[_at] == '0' && Peek(1) is 'x' or 'X')
        {
            _at += 2;
            while (char.IsAsciiHexDigit(Peek(0)))
            {
                _at++;
            }

            return Whole(start, source.AsSpan(start + 2, _at - start - 2), NumberStyles.AllowHexSpecifier);
        }

        Digits();
        var isDouble = false;
        if (Peek(0) == '.' && char.IsAsciiDigit(Peek(1)))
        {
            isDouble = true;
            _at++;
            Digits();
        }

        if (Peek(0) is 'e' or 'E' && (char.IsAsciiDigit(Peek(1)) || (Peek(1) is '+' or '-' && char.IsAsciiDigit(Peek(2)))))
        {
            isDouble = true;
            _at += 2;
            Digits();
        }

        return isDouble
            ? new CelToken(
                CelTokenKind.Double, start, source[start.._at], double.Parse(source.AsSpan(start, _at - start), NumberStyles.Float, CultureInfo.InvariantCulture))
            : Whole(start, source.AsSpan(start, _at - start), NumberStyles.None);
    }

    private void Digits()
    {
        while (char.IsAsciiDigit(Peek(0)))
        {
            _at++;
        }
    }

    // The most negative integer is written with a minus of its own: the parser puts the two together.
    private CelToken Whole(int start, ReadOnlySpan<char> digits, NumberStyles style)
    {
        var parsed = ulong.TryParse(digits, style, CultureInfo.InvariantCulture, out var value);
        if (Peek(0) is 'u' or 'U')
        {
            _at++;
            if (!parsed)
            {
                issues.Add(start, "invalid uint literal");
            }

            return new CelToken(CelTokenKind.Unsigned, start, source[start.._at], value);
        }

        if (!parsed || value > 1UL << 63)
        {
            issues.Add(start, "invalid int literal");
            return new CelToken(CelTokenKind.Integer, start, source[start.._at], 0UL);
        }

        return new CelToken(CelTokenKind.Integer, start, source[start.._at], value);
    }

    /// <summary>The letters before a quote: any of r and b.</summary>
    private string? StringPrefix()
    {
        for (var length = 0; length <= 2; length++)
        {
            var next = Peek(length);
            if (next is '"' or '\'')
            {
                return source.Substring(_at, length).ToLowerInvariant();
            }

            if (next is not ('r' or 'R' or 'b' or 'B'))
            {
                return null;
            }
        }

        return null;
    }

    private CelToken? Text(int start, string prefix)
    {
        _at += prefix.Length;
        var quote = source[_at];
        var triple = new string(quote, 3);
        var isTriple = source.AsSpan(_at).StartsWith(triple);
        var end = isTriple ? triple : quote.ToString();
        _at += end.Length;
        var isRaw = prefix.Contains('r', StringComparison.Ordinal);
        var escapes = new CelEscapes(prefix.Contains('b', StringComparison.Ordinal));
        while (!source.AsSpan(_at).StartsWith(end))
        {
            if (_at >= source.Length || (!isTriple && source[_at] is '\n' or '\r'))
            {
                issues.Add(start, $"Syntax error: token recognition error at: '{source[start.._at]}'");
                return null;
            }

            if (source[_at] == '\\' && !isRaw)
            {
                var used = escapes.Add(source.AsSpan(_at));
                if (used == 0)
                {
                    issues.Add(start, $"Syntax error: token recognition error at: '{source[start..Math.Min(source.Length, _at + 2)]}'");
                    _at = source.Length;
                    return null;
                }

                _at += used;
            }
            else
            {
                var isPair = char.IsHighSurrogate(source[_at]) && char.IsLowSurrogate(Peek(1));
                escapes.Append(source.AsSpan(_at, isPair ? 2 : 1));
                _at += isPair ? 2 : 1;
            }
        }

        _at += end.Length;
        return new CelToken(escapes.IsBytes ? CelTokenKind.Bytes : CelTokenKind.Text, start, source[start.._at], escapes.Value);
    }

    /// <summary>The content of a literal: text, or bytes of which \x and octal escapes are one each.</summary>
    private sealed class CelEscapes(bool isBytes)
    {
        private const string Letters = "abfnrtv\\?\"'`";
        private const string Meant = "\a\b\f\n\r\t\v\\?\"'`";

        private readonly List<byte> _bytes = [];
        private readonly StringBuilder _text = new();

        public bool IsBytes => isBytes;

        public object Value => isBytes ? _bytes.ToArray() : _text.ToString();

        public void Append(ReadOnlySpan<char> text)
        {
            if (isBytes)
            {
                _bytes.AddRange(Encoding.UTF8.GetBytes(text.ToString()));
            }
            else
            {
                _text.Append(text);
            }
        }

        /// <returns>Characters of the escape; 0 when there is no such escape.</returns>
        public int Add(ReadOnlySpan<char> at)
        {
            var letter = at.Length > 1 ? at[1] : '\0';
            if (Letters.IndexOf(letter, StringComparison.Ordinal) is var known and >= 0)
            {
                Append([Meant[known]]);
                return 2;
            }

            var (digits, style) = letter switch
            {
                'x' or 'X' => (2, 16),
                'u' when !isBytes => (4, 16),
                'U' when !isBytes => (8, 16),
                >= '0' and <= '3' => (3, 8),
                _ => (0, 0),
            };
            var skip = style == 8 ? 1 : 2;
            if (digits == 0 || at.Length < skip + digits)
            {
                return 0;
            }

            var value = 0L;
            foreach (var digit in at.Slice(skip, digits))
            {
                var number = char.IsAsciiHexDigit(digit) ? Convert.ToInt32(digit.ToString(), 16) : 99;
                if (number >= style)
                {
                    return 0;
                }

                value = (value * style) + number;
            }

            if (isBytes)
            {
                _bytes.Add((byte)value);
            }
            else if (value <= 0x10ffff && Rune.IsValid((int)value))
            {
                _text.Append(new Rune((int)value));
            }
            else
            {
                return 0;
            }

            return skip + digits;
        }
    }
}
