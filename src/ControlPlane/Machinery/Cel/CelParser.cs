namespace Dataplane.ControlPlane.Machinery.Cel;

/// <summary>
/// Reads an expression by the precedence of its operators. Macros become nodes of their own. Source: the CEL language definition;
/// messages as cel-go's grammar makes them.
/// </summary>
internal sealed class CelParser
{
    /// <summary>Nesting that nobody writes by hand.</summary>
    private const int DeepestNesting = 250;

    private const string Primary =
        "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

    private static readonly string[] Reserved =
    [
        "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop", "package", "namespace", "null",
        "return", "true", "var", "void", "while",
    ];

    private static readonly Dictionary<string, (int Strength, string Function)> Binary = new(StringComparer.Ordinal)
    {
        ["||"] = (1, "_||_"),
        ["&&"] = (2, "_&&_"),
        ["<"] = (3, "_<_"),
        ["<="] = (3, "_<=_"),
        [">"] = (3, "_>_"),
        [">="] = (3, "_>=_"),
        ["=="] = (3, "_==_"),
        ["!="] = (3, "_!=_"),
        ["in"] = (3, "@in"),
        ["+"] = (4, "_+_"),
        ["-"] = (4, "_-_"),
        ["*"] = (5, "_*_"),
        ["/"] = (5, "_/_"),
        ["%"] = (5, "_%_"),
    };

    private readonly List<CelToken> _tokens;
    private readonly CelIssues _issues;
    private int _at;
    private int _depth;

    private CelParser(List<CelToken> tokens, CelIssues issues)
    {
        _tokens = tokens;
        _issues = issues;
    }

    /// <summary>Null when there are issues.</summary>
    public static CelExpression? Parse(string source, CelIssues issues)
    {
        var tokens = new CelLexer(source, issues).Read();
        if (!issues.IsEmpty)
        {
            return null;
        }

        var parser = new CelParser(tokens, issues);
        try
        {
            var expression = parser.Expression();
            if (parser.Current.Kind != CelTokenKind.End)
            {
                parser.Fail($"extraneous input '{parser.Current.Text}' expecting <EOF>");
            }

            return issues.IsEmpty ? expression : null;
        }
        catch (SyntaxException)
        {
            return null;
        }
    }

    private CelToken Current => _tokens[_at];

    private CelToken Take() => _tokens[_at++];

    private bool TryTake(string symbol)
    {
        if (!Current.Is(symbol))
        {
            return false;
        }

        _at++;
        return true;
    }

    private CelToken Expect(string symbol)
    {
        if (!Current.Is(symbol))
        {
            Fail(Current.Kind == CelTokenKind.End ? $"missing '{symbol}' at '<EOF>'" : $"mismatched input '{Current.Text}' expecting '{symbol}'");
        }

        return Take();
    }

    private void Fail(string message)
    {
        _issues.Add(Current.Position, $"Syntax error: {message}");
        throw new SyntaxException();
    }

    private CelExpression Expression()
    {
        if (++_depth > DeepestNesting)
        {
            _issues.Add(Current.Position, $"expression recursion limit exceeded: {DeepestNesting}");
            throw new SyntaxException();
        }

        var condition = Operators(0);
        if (Current.Is("?"))
        {
            var question = Take();
            var whenTrue = Operators(0);
            Expect(":");
            condition = new CelCall(question.Position, "_?_:_", null, [condition, whenTrue, Expression()]);
        }

        _depth--;
        return condition;
    }

    private CelExpression Operators(int weakest)
    {
        var left = Unary();
        while (Current.Kind == CelTokenKind.Symbol && Binary.TryGetValue(Current.Text, out var found) && found.Strength > weakest)
        {
            var position = Take().Position;
            left = new CelCall(position, found.Function, null, [left, Operators(found.Strength)]);
        }

        return left;
    }

    // Of many minus or not signs two cancel out.
    private CelExpression Unary()
    {
        var first = Current;
        if (!first.Is("!") && !first.Is("-"))
        {
            return Member();
        }

        var isOdd = false;
        while (TryTake(first.Text))
        {
            isOdd = !isOdd;
        }

        if (first.Is("-") && isOdd && Current is { Kind: CelTokenKind.Integer or CelTokenKind.Double } number)
        {
            _at++;
            return Members(new CelLiteral(first.Position, number.Value is ulong whole ? (object)unchecked(-(long)whole) : -(double)number.Value!));
        }

        var operand = Member();
        return isOdd ? new CelCall(first.Position, first.Is("!") ? "!_" : "-_", null, [operand]) : operand;
    }

    private CelExpression Member() => Members(Atom());

    private CelExpression Members(CelExpression left)
    {
        while (true)
        {
            if (Current.Is("."))
            {
                var dot = Take().Position;
                var isOptional = TryTake("?");
                var name = Name();
                left = !isOptional && Current.Is("(")
                    ? Call(Take().Position, left, name)
                    : new CelSelect(dot, left, name, IsOptional: isOptional);
            }
            else if (Current.Is("["))
            {
                var bracket = Take().Position;
                var isOptional = TryTake("?");
                var index = Expression();
                Expect("]");
                left = new CelCall(bracket, isOptional ? "_[?_]" : "_[_]", null, [left, index]);
            }
            else
            {
                return left;
            }
        }
    }

    private string Name()
    {
        if (Current.Kind != CelTokenKind.Identifier)
        {
            Fail(Current.Kind == CelTokenKind.End || Current.Kind == CelTokenKind.Symbol
                ? $"no viable alternative at input '.{(Current.Kind == CelTokenKind.End ? "" : Current.Text)}'"
                : $"mismatched input '{Current.Text}' expecting IDENTIFIER");
        }

        return Take().Text;
    }

    private CelExpression Atom()
    {
        var token = Current;
        switch (token.Kind)
        {
            case CelTokenKind.Integer:
                if ((ulong)token.Value! > long.MaxValue)
                {
                    _issues.Add(token.Position, "invalid int literal");
                }

                _at++;
                return new CelLiteral(token.Position, unchecked((long)(ulong)token.Value));
            case CelTokenKind.Unsigned or CelTokenKind.Double or CelTokenKind.Text or CelTokenKind.Bytes:
                _at++;
                return new CelLiteral(token.Position, token.Value);
            case CelTokenKind.Identifier:
                _at++;
                return Identifier(token);
            case CelTokenKind.Symbol when token.Text is "true" or "false" or "null":
                _at++;
                return new CelLiteral(token.Position, token.Text == "null" ? null : token.Text == "true");
            case CelTokenKind.Symbol when token.Text is "(":
                _at++;
                var inner = Expression();
                Expect(")");
                return inner;
            case CelTokenKind.Symbol when token.Text is "[":
                _at++;
                return ListLiteral(token.Position);
            case CelTokenKind.Symbol when token.Text is "{":
                _at++;
                return MapLiteral(token.Position);
            case CelTokenKind.Symbol when token.Text is ".":
                _at++;
                return Identifier(Current with { Text = Name() });
            default:
                Fail(token.Kind == CelTokenKind.End
                    ? $"mismatched input '<EOF>' expecting {Primary}"
                    : $"extraneous input '{token.Text}' expecting {Primary}");
                throw new SyntaxException();
        }
    }

    private CelExpression Identifier(CelToken token)
    {
        if (Current.Is("("))
        {
            return Call(Take().Position, null, token.Text);
        }

        if (Reserved.Contains(token.Text))
        {
            _issues.Add(token.Position, $"reserved identifier: {token.Text}");
        }

        return new CelIdentifier(token.Position, token.Text);
    }

    private CelListLiteral ListLiteral(int position)
    {
        var items = new List<(CelExpression, bool)>();
        while (!Current.Is("]"))
        {
            var isOptional = TryTake("?");
            items.Add((Expression(), isOptional));
            if (!TryTake(","))
            {
                break;
            }
        }

        Expect("]");
        return new CelListLiteral(position, items);
    }

    private CelMapLiteral MapLiteral(int position)
    {
        var entries = new List<(CelExpression, CelExpression, bool)>();
        while (!Current.Is("}"))
        {
            var isOptional = TryTake("?");
            var key = Expression();
            Expect(":");
            entries.Add((key, Expression(), isOptional));
            if (!TryTake(","))
            {
                break;
            }
        }

        Expect("}");
        return new CelMapLiteral(position, entries);
    }

    private CelExpression Call(int position, CelExpression? target, string name)
    {
        var arguments = new List<CelExpression>();
        while (!Current.Is(")"))
        {
            arguments.Add(Expression());
            if (!TryTake(","))
            {
                break;
            }
        }

        Expect(")");
        return CelMacros.Expand(position, target, name, arguments, _issues) ?? new CelCall(position, name, target, arguments);
    }

    /// <summary>Unwinds to the beginning: one error of syntax is told, not what follows from it.</summary>
    private sealed class SyntaxException : Exception;
}
