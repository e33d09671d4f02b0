using System.Text;
using Dataplane.ControlPlane.Machinery.Validation;

namespace Dataplane.ControlPlane.Machinery.Json;

/// <summary>
/// What is wrong with bytes that are no JSON, in the words of Go's encoding/json, which clients and people know. Only asked once
/// a document has been found to be broken.
/// </summary>
internal ref struct GoJsonSyntax
{
    private const int MaxDepth = 10_000;
    private readonly ReadOnlySpan<byte> _json;
    private readonly Stack<bool> _open = new();
    private int _position;

    private GoJsonSyntax(ReadOnlySpan<byte> json) => _json = json;

    /// <returns>The first error; null when Go's scanner has none.</returns>
    public static string? Error(ReadOnlySpan<byte> json)
    {
        var scan = new GoJsonSyntax(json);
        return scan.Document();
    }

    /// <summary>Values one after the other, the open arrays (false) and objects (true) on a stack: the nesting is the client's.</summary>
    private string? Document()
    {
        do
        {
            if (Value() is { } problem)
            {
                return problem;
            }

            // After a value: what closes, and what comes between.
            while (true)
            {
                Skip();
                if (_open.Count == 0)
                {
                    return _position == _json.Length ? null : Invalid("after top-level value");
                }

                var isObject = _open.Peek();
                if (Take((byte)(isObject ? '}' : ']')))
                {
                    _open.Pop();
                    continue;
                }

                if (!Take((byte)','))
                {
                    return Invalid(isObject ? "after object key:value pair" : "after array element");
                }

                if (isObject && Key(mayEnd: false) is { } broken)
                {
                    return broken;
                }

                break;
            }
        }
        while (true);
    }

    /// <summary>A scalar whole, or the beginning of an array or object with the first value not yet read.</summary>
    private string? Value()
    {
        while (true)
        {
            Skip();
            if (_position == _json.Length)
            {
                return "unexpected end of JSON input";
            }

            switch (_json[_position])
            {
                case (byte)'{':
                    _position++;
                    _open.Push(true);
                    if (_open.Count > MaxDepth)
                    {
                        return "exceeded max depth";
                    }

                    Skip();
                    if (Take((byte)'}'))
                    {
                        _open.Pop();
                        return null;
                    }

                    if (Key(mayEnd: true) is { } broken)
                    {
                        return broken;
                    }

                    continue;
                case (byte)'[':
                    _position++;
                    _open.Push(false);
                    if (_open.Count > MaxDepth)
                    {
                        return "exceeded max depth";
                    }

                    Skip();
                    if (Take((byte)']'))
                    {
                        _open.Pop();
                        return null;
                    }

                    continue;
                case (byte)'"':
                    _position++;
                    return Text();
                case (byte)'t':
                    return Literal("true");
                case (byte)'f':
                    return Literal("false");
                case (byte)'n':
                    return Literal("null");
                case (byte)'-' or (>= (byte)'0' and <= (byte)'9'):
                    return Number();
                default:
                    return Invalid("looking for beginning of value");
            }
        }
    }

    private string? Key(bool mayEnd)
    {
        Skip();
        if (!Take((byte)'"'))
        {
            return Invalid(mayEnd || _position < _json.Length ? "looking for beginning of object key string" : "");
        }

        if (Text() is { } problem)
        {
            return problem;
        }

        Skip();
        return Take((byte)':') ? null : Invalid("after object key");
    }

    private string? Text()
    {
        for (; _position < _json.Length; _position++)
        {
            switch (_json[_position])
            {
                case (byte)'"':
                    _position++;
                    return null;
                case < 0x20:
                    return Invalid("in string literal");
                case (byte)'\\':
                    _position++;
                    if (_position == _json.Length)
                    {
                        break;
                    }

                    if (_json[_position] == 'u')
                    {
                        for (var i = 0; i < 4; i++)
                        {
                            _position++;
                            if (_position < _json.Length && !char.IsAsciiHexDigit((char)_json[_position]))
                            {
                                return Invalid("in \\u hexadecimal character escape");
                            }
                        }
                    }
                    else if ("bfnrt\\/\""u8.IndexOf(_json[_position]) < 0)
                    {
                        return Invalid("in string escape code");
                    }

                    break;
            }
        }

        _position = _json.Length;
        return Invalid("");
    }

    private string? Literal(string literal)
    {
        for (var i = 1; i < literal.Length; i++)
        {
            _position++;
            if (_position >= _json.Length || _json[_position] != literal[i])
            {
                return Invalid($"in literal {literal} (expecting '{literal[i]}')");
            }
        }

        _position++;
        return null;
    }

    private string? Number()
    {
        _ = Take((byte)'-');
        if (!Take((byte)'0') && !Digits())
        {
            return Invalid("in numeric literal");
        }

        if (Take((byte)'.') && !Digits())
        {
            return Invalid("after decimal point in numeric literal");
        }

        if (Take((byte)'e') || Take((byte)'E'))
        {
            _ = Take((byte)'+') || Take((byte)'-');
            if (!Digits())
            {
                return Invalid("in exponent of numeric literal");
            }
        }

        return null;
    }

    private bool Digits()
    {
        var start = _position;
        while (_position < _json.Length && char.IsAsciiDigit((char)_json[_position]))
        {
            _position++;
        }

        return _position > start;
    }

    private bool Take(byte expected)
    {
        if (_position < _json.Length && _json[_position] == expected)
        {
            _position++;
            return true;
        }

        return false;
    }

    private void Skip()
    {
        while (_position < _json.Length && _json[_position] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            _position++;
        }
    }

    private readonly string Invalid(string context)
    {
        if (_position >= _json.Length)
        {
            return "unexpected end of JSON input";
        }

        var found = (char)_json[_position];
        var shown = found switch
        {
            '\'' => @"'\''",
            '"' => "'\"'",
            _ => $"'{GoValue.Quote(found.ToString())[1..^1]}'",
        };
        return $"invalid character {shown} {context}";
    }
}
