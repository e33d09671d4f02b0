namespace Dataplane.ControlPlane.Machinery.Cel;

/// <summary>
/// Gives every part of an expression its type before anything is evaluated, and says where that cannot be, in the words of
/// cel-go's checker.
/// </summary>
internal sealed class CelChecker(CelIssues issues, IReadOnlyDictionary<string, CelType> variables)
{
    private readonly Dictionary<string, CelType> _scope = new(variables, StringComparer.Ordinal);

    /// <summary>Variables that the expression uses.</summary>
    public HashSet<string> Used { get; } = new(StringComparer.Ordinal);

    public CelType Check(CelExpression expression) => expression switch
    {
        CelLiteral literal => Literal(literal.Value),
        CelIdentifier identifier => Identifier(identifier),
        CelSelect select => Select(select),
        CelCall call => Call(call),
        CelListLiteral list => List(list),
        CelMapLiteral map => Map(map),
        CelComprehension comprehension => Comprehension(comprehension),
        _ => throw new InvalidOperationException($"{expression.GetType().Name} has no type"),
    };

    private static CelType Literal(object? value) => value switch
    {
        null => CelType.Null,
        bool => CelType.Bool,
        long => CelType.Int,
        ulong => CelType.Uint,
        double => CelType.Double,
        string => CelType.Text,
        _ => CelType.Bytes,
    };

    private CelType Identifier(CelIdentifier identifier)
    {
        if (_scope.TryGetValue(identifier.Name, out var type))
        {
            Used.Add(identifier.Name);
            return type;
        }

        if (CelValue.IsTypeName(identifier.Name))
        {
            return CelType.Type;
        }

        issues.Add(identifier.Position, $"undeclared reference to '{identifier.Name}' (in container '')");
        return CelType.Error;
    }

    private CelType Select(CelSelect select)
    {
        if (!select.IsTest && QualifiedName(select) is { } name && CelValue.IsTypeName(name))
        {
            return CelType.Type;
        }

        var operand = Check(select.Operand);
        var isOptional = select.IsOptional || operand.Kind == CelKind.Optional;
        var target = operand.Kind == CelKind.Optional ? operand.Of[0] : operand;
        var type = target.Kind switch
        {
            CelKind.Dyn or CelKind.Error => CelType.Dyn,
            CelKind.Map => target.Of[1],
            CelKind.Object when target.Fields.TryGetValue(select.Field, out var field) => field,
            CelKind.Object => Report(select.Position, $"undefined field '{select.Field}'"),
            _ => Report(select.Position, $"type '{target}' does not support field selection"),
        };
        return select.IsTest ? CelType.Bool : isOptional && type.Kind != CelKind.Error ? CelType.Optional(type) : type;
    }

    private CelType Call(CelCall call)
    {
        // optional.of(x) and its like are functions whose name has a dot.
        if (call.Target is not null && QualifiedName(call.Target) is { } prefix && !_scope.ContainsKey(prefix)
            && CelFunctions.Exists($"{prefix}.{call.Function}"))
        {
            return Resolve(call, $"{prefix}.{call.Function}", isMember: false, [.. call.Arguments.Select(Check)]);
        }

        CelType[] arguments = call.Target is null ? [.. call.Arguments.Select(Check)] : [Check(call.Target), .. call.Arguments.Select(argument => Argument(call, argument))];
        if (!CelFunctions.Exists(call.Function))
        {
            return Report(call.Position, $"undeclared reference to '{call.Function}' (in container '')");
        }

        return Resolve(call, call.Function, call.Target is not null, arguments);
    }

    // What is formatted is of many types, which no other list that is written down may be.
    private CelType Argument(CelCall call, CelExpression argument)
    {
        if (call.Function != "format" || argument is not CelListLiteral list)
        {
            return Check(argument);
        }

        var failed = list.Items.Select(item => Check(item.Value).Kind == CelKind.Error).ToArray();
        return failed.Contains(true) ? CelType.Error : CelType.List(CelType.Dyn);
    }

    private CelType Resolve(CelCall call, string name, bool isMember, CelType[] arguments)
    {
        if (Array.Exists(arguments, argument => argument.Kind == CelKind.Error))
        {
            return CelType.Error;
        }

        CelType? result = null;
        foreach (var overload in CelFunctions.Find(name, isMember, arguments.Length))
        {
            var meanings = new Dictionary<string, CelType>(StringComparer.Ordinal);
            if (overload.Parameters.Zip(arguments).All(pair => pair.First.Takes(pair.Second, meanings)))
            {
                var type = overload.Result.Substitute(meanings);

                // Values of unknown type fit several signatures.
                result = result is null || result.Equals(type) ? type : CelType.Dyn;
            }
        }

        if (result is not null)
        {
            return result;
        }

        var shown = isMember ? $"{arguments[0]}.({string.Join(", ", arguments.Skip(1))})" : $"({string.Join(", ", arguments.AsEnumerable())})";
        return Report(call.Position, $"found no matching overload for '{name}' applied to '{shown}'");
    }

    private CelType List(CelListLiteral list)
    {
        CelType? element = null;
        foreach (var (value, isOptional) in list.Items)
        {
            element = Join(value.Position, element, Element(value, isOptional));
        }

        return CelType.List(element ?? CelType.Dyn);
    }

    private CelType Map(CelMapLiteral map)
    {
        CelType? key = null;
        CelType? value = null;
        foreach (var entry in map.Entries)
        {
            key = Join(entry.Key.Position, key, Check(entry.Key));
            value = Join(entry.Value.Position, value, Element(entry.Value, entry.IsOptional));
        }

        return CelType.Map(key ?? CelType.Dyn, value ?? CelType.Dyn);
    }

    private CelType Element(CelExpression value, bool isOptional)
    {
        var type = Check(value);
        return isOptional && type.Kind == CelKind.Optional ? type.Of[0] : type;
    }

    // Lists and maps that are written down have one type of element.
    private CelType Join(int position, CelType? before, CelType next)
    {
        if (before is null || before.Kind is CelKind.Dyn or CelKind.Error)
        {
            return next;
        }

        return before.Takes(next, []) ? before : Report(position, $"expected type '{before}' but found '{next}'");
    }

    private CelType Comprehension(CelComprehension comprehension)
    {
        var range = Check(comprehension.Range);
        var isOptional = comprehension.Macro is CelMacro.OptMap or CelMacro.OptFlatMap;
        var element = range.Kind switch
        {
            CelKind.Dyn or CelKind.Error => CelType.Dyn,
            CelKind.List or CelKind.Map when !isOptional => range.Of[0],
            CelKind.Optional when isOptional => range.Of[0],
            _ => Report(
                comprehension.Range.Position, $"expression of type '{range}' cannot be range of a comprehension (must be list, map, or dynamic)"),
        };
        var hidden = _scope.GetValueOrDefault(comprehension.Variable);
        var wasUsed = Used.Contains(comprehension.Variable);
        _scope[comprehension.Variable] = element;
        if (comprehension.Condition is { } condition)
        {
            Expect(condition, CelType.Bool);
        }

        var result = comprehension.Macro switch
        {
            CelMacro.Map => CelType.List(Check(comprehension.Body)),
            CelMacro.OptMap => CelType.Optional(Check(comprehension.Body)),
            CelMacro.OptFlatMap => Check(comprehension.Body),
            CelMacro.Filter => Filter(comprehension, element),
            _ => Expect(comprehension.Body, CelType.Bool),
        };
        if (hidden is null)
        {
            _scope.Remove(comprehension.Variable);
        }
        else
        {
            _scope[comprehension.Variable] = hidden;
        }

        if (!wasUsed)
        {
            Used.Remove(comprehension.Variable);
        }

        return result;
    }

    private CelType Filter(CelComprehension comprehension, CelType element)
    {
        Expect(comprehension.Body, CelType.Bool);
        return CelType.List(element);
    }

    private CelType Expect(CelExpression expression, CelType wanted)
    {
        var type = Check(expression);
        return type.Kind is CelKind.Error || wanted.Takes(type, [])
            ? wanted
            : Report(expression.Position, $"expected type '{wanted}' but found '{type}'");
    }

    private CelType Report(int position, string message)
    {
        issues.Add(position, message);
        return CelType.Error;
    }

    /// <summary>a.b.c as one name; null for anything else.</summary>
    internal static string? QualifiedName(CelExpression expression) => expression switch
    {
        CelIdentifier identifier => identifier.Name,
        CelSelect { IsTest: false, IsOptional: false } select when QualifiedName(select.Operand) is { } prefix => $"{prefix}.{select.Field}",
        _ => null,
    };
}
