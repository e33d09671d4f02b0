using System.Globalization;

namespace Dataplane.Api.Selectors;

/// <summary>
/// Reads the <c>labelSelector</c> grammar: requirements separated by commas. What it says of a text that is none is what clients
/// know (apimachinery, labels.Parse).
/// </summary>
/// <remarks>
/// <code>
/// requirement := ['!'] key | key ('=' | '==' | '!=') [value] | key ('in' | 'notin') '(' [value] {',' [value]} ')' | key ('&gt;' | '&lt;') integer
/// </code>
/// </remarks>
internal sealed class LabelSelectorReader(string text)
{
    private readonly List<(LabelSelectorToken Token, string Text)> _items = LabelSelectorLexer.Scan(text);
    private int _position;

    /// <exception cref="FormatException">Not a selector.</exception>
    public List<LabelRequirement> Read()
    {
        var requirements = new List<LabelRequirement>();
        while (true)
        {
            switch (Next())
            {
                case (LabelSelectorToken.Identifier or LabelSelectorToken.DoesNotExist, _):
                    break;
                case (LabelSelectorToken.End, _):
                    return requirements;
                case var (_, found):
                    throw Expected(found, "!, identifier, or 'end of string'");
            }

            try
            {
                requirements.Add(ReadRequirement());
            }
            catch (FormatException problem)
            {
                throw new FormatException($"unable to parse requirement: {problem.Message}");
            }

            switch (Take())
            {
                case (LabelSelectorToken.End, _):
                    return requirements;
                case (LabelSelectorToken.Comma, _):
                    var (token, after) = Next();
                    if (token is not (LabelSelectorToken.Identifier or LabelSelectorToken.DoesNotExist))
                    {
                        throw Expected(after, "identifier after ','");
                    }

                    break;
                case var (_, found):
                    throw Expected(found, "',' or 'end of string'");
            }
        }
    }

    private LabelRequirement ReadRequirement()
    {
        var (token, key) = Take();
        var negated = token == LabelSelectorToken.DoesNotExist;
        if (negated)
        {
            (token, key) = Take();
        }

        if (token != LabelSelectorToken.Identifier)
        {
            throw Expected(key, "identifier");
        }

        Check("<nil>", key, LabelSyntax.KeyErrors(key));
        if (negated)
        {
            return new LabelRequirement(key, LabelOperator.DoesNotExist, []);
        }

        if (Next().Token is LabelSelectorToken.End or LabelSelectorToken.Comma)
        {
            return new LabelRequirement(key, LabelOperator.Exists, []);
        }

        return ReadComparison(key);
    }

    private LabelRequirement ReadComparison(string key)
    {
        var (_, symbol) = _items[_position++];
        var (comparison, set) = symbol switch
        {
            "in" => (LabelOperator.In, true),
            "notin" => (LabelOperator.NotIn, true),
            "=" or "==" => (LabelOperator.In, false),
            "!=" => (LabelOperator.NotIn, false),
            ">" => (LabelOperator.GreaterThan, false),
            "<" => (LabelOperator.LessThan, false),
            _ => throw Expected(symbol, "in, notin, =, ==, !=, gt, lt"),
        };
        var values = set ? ReadValues() : [ReadExactValue()];
        if (set && values.Count == 0)
        {
            throw new FormatException("values: Invalid value: []string{}: for 'in', 'notin' operators, values set can't be empty");
        }

        for (var i = 0; i < values.Count; i++)
        {
            if (comparison is LabelOperator.GreaterThan or LabelOperator.LessThan
                && !long.TryParse(values[i], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
            {
                throw new FormatException($"values[{i}]: Invalid value: \"{values[i]}\": for 'Gt', 'Lt' operators, the value must be an integer");
            }

            Check($"values[{i}][{key}]", values[i], LabelSyntax.ValueErrors(values[i]));
        }

        return new LabelRequirement(key, comparison, values);
    }

    private string ReadExactValue()
    {
        var (next, _) = Next();
        if (next is LabelSelectorToken.End or LabelSelectorToken.Comma)
        {
            return "";
        }

        var (token, value) = Take();
        return token == LabelSelectorToken.Identifier ? value : throw Expected(value, "identifier");
    }

    private List<string> ReadValues()
    {
        var (open, found) = Take();
        if (open != LabelSelectorToken.OpenParenthesis)
        {
            throw new FormatException($"found '{found}' expected: '('");
        }

        var values = new List<string>();
        switch (Next())
        {
            case (LabelSelectorToken.CloseParenthesis, _):
                _position++;
                return values;
            case (LabelSelectorToken.Identifier or LabelSelectorToken.Comma, _):
                ReadList(values);
                _position++;
                return values;
            case var (_, other):
                throw Expected(other, "',', ')' or identifier");
        }
    }

    /// <summary>Up to the closing parenthesis. Between commas, and between a comma and a parenthesis, stands the empty value.</summary>
    private void ReadList(List<string> values)
    {
        while (true)
        {
            switch (Take())
            {
                case (LabelSelectorToken.Identifier, var value):
                    Add(value);
                    switch (Next())
                    {
                        case (LabelSelectorToken.Comma, _):
                            continue;
                        case (LabelSelectorToken.CloseParenthesis, _):
                            return;
                        case var (_, found):
                            throw Expected(found, "',' or ')'");
                    }

                case (LabelSelectorToken.Comma, _):
                    if (values.Count == 0)
                    {
                        Add("");
                    }

                    var (next, _) = Next();
                    if (next is LabelSelectorToken.CloseParenthesis or LabelSelectorToken.Comma)
                    {
                        Add("");
                    }

                    if (next == LabelSelectorToken.CloseParenthesis)
                    {
                        return;
                    }

                    break;
                case var (_, found):
                    throw Expected(found, "',', or identifier");
            }
        }

        void Add(string value)
        {
            if (!values.Contains(value))
            {
                values.Add(value);
            }
        }
    }

    /// <summary>The words in and notin are values and keys too, wherever no operator can stand.</summary>
    private (LabelSelectorToken Token, string Text) Next()
    {
        var item = _items[_position];
        return item is (LabelSelectorToken.Operator, "in" or "notin") ? (LabelSelectorToken.Identifier, item.Text) : item;
    }

    private (LabelSelectorToken Token, string Text) Take()
    {
        var item = Next();
        _position = Math.Min(_position + 1, _items.Count - 1);
        return item;
    }

    private static void Check(string path, string value, IEnumerable<string> problems)
    {
        var said = string.Join("; ", problems);
        if (said.Length > 0)
        {
            throw new FormatException($"{path}: Invalid value: \"{value}\": {said}");
        }
    }

    private static FormatException Expected(string found, string what) => new($"found '{found}', expected: {what}");
}
