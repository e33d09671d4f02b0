using System.Globalization;

namespace Dataplane.Api.Selectors;

/// <summary>Reads the <c>labelSelector</c> grammar: requirements separated by commas.</summary>
/// <remarks>
/// <code>
/// requirement := ['!'] key | key ('=' | '==' | '!=') [value] | key ('in' | 'notin') '(' [value] {',' [value]} ')' | key ('&gt;' | '&lt;') integer
/// </code>
/// </remarks>
internal ref struct LabelSelectorReader(string text)
{
    private readonly string _text = text;
    private int _position;

    public List<LabelRequirement> Read()
    {
        var requirements = new List<LabelRequirement>();
        SkipSpace();
        while (_position < _text.Length)
        {
            requirements.Add(ReadRequirement());
            if (_position == _text.Length)
            {
                break;
            }

            Expect(',');
            if (_position == _text.Length)
            {
                throw Error("a requirement is missing after the comma");
            }
        }

        return requirements;
    }

    private LabelRequirement ReadRequirement()
    {
        if (Take("!"))
        {
            return new LabelRequirement(ReadKey(), LabelOperator.DoesNotExist, []);
        }

        var key = ReadKey();
        if (_position == _text.Length || _text[_position] == ',')
        {
            return new LabelRequirement(key, LabelOperator.Exists, []);
        }

        if (Take("!="))
        {
            return new LabelRequirement(key, LabelOperator.NotIn, [ReadValue()]);
        }

        if (Take("==") || Take("="))
        {
            return new LabelRequirement(key, LabelOperator.In, [ReadValue()]);
        }

        if (Take(">"))
        {
            return new LabelRequirement(key, LabelOperator.GreaterThan, [ReadInteger()]);
        }

        if (Take("<"))
        {
            return new LabelRequirement(key, LabelOperator.LessThan, [ReadInteger()]);
        }

        return ReadWord() switch
        {
            "in" => new LabelRequirement(key, LabelOperator.In, ReadValues()),
            "notin" => new LabelRequirement(key, LabelOperator.NotIn, ReadValues()),
            _ => throw Error("expected =, ==, !=, in, notin, < or >"),
        };
    }

    private List<string> ReadValues()
    {
        Expect('(');
        var values = new List<string>();
        do
        {
            values.Add(ReadValue());
        }
        while (Take(","));
        Expect(')');
        return values;
    }

    private string ReadKey()
    {
        var key = ReadWord();
        return LabelSyntax.IsKey(key) ? key : throw Error($"\"{key}\" is not a label key");
    }

    private string ReadValue()
    {
        var value = ReadWord();
        return LabelSyntax.IsValue(value) ? value : throw Error($"\"{value}\" is not a label value");
    }

    private string ReadInteger()
    {
        var value = ReadWord();
        return long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)
            ? value
            : throw Error($"\"{value}\" is not an integer");
    }

    private string ReadWord()
    {
        var start = _position;
        while (_position < _text.Length && !IsSpecial(_text[_position]) && !IsSpace(_text[_position]))
        {
            _position++;
        }

        var word = _text[start.._position];
        SkipSpace();
        return word;
    }

    private bool Take(string symbol)
    {
        if (!_text.AsSpan(_position).StartsWith(symbol, StringComparison.Ordinal))
        {
            return false;
        }

        _position += symbol.Length;
        SkipSpace();
        return true;
    }

    private void Expect(char symbol)
    {
        if (_position == _text.Length || _text[_position] != symbol)
        {
            throw Error($"expected '{symbol}'");
        }

        _position++;
        SkipSpace();
    }

    private void SkipSpace()
    {
        while (_position < _text.Length && IsSpace(_text[_position]))
        {
            _position++;
        }
    }

    private readonly FormatException Error(string problem) =>
        new($"label selector \"{_text}\": {problem} at character {_position + 1}");

    private static bool IsSpace(char c) => c is ' ' or '\t' or '\r' or '\n';

    private static bool IsSpecial(char c) => c is '=' or '!' or '(' or ')' or ',' or '>' or '<';
}
