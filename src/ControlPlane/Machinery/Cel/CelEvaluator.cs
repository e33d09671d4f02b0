namespace Dataplane.ControlPlane.Machinery.Cel;

/// <summary>Computes an expression that was checked.</summary>
internal sealed class CelEvaluator(CelCost cost, IReadOnlyDictionary<string, object?> variables)
{
    private readonly Dictionary<string, object?> _scope = new(variables, StringComparer.Ordinal);

    /// <exception cref="CelException">It has no value.</exception>
    /// <exception cref="CelCostException">It costs too much.</exception>
    public object? Evaluate(CelExpression expression)
    {
        switch (expression)
        {
            case CelLiteral literal:
                return literal.Value;
            case CelIdentifier identifier:
                cost.Add(1);
                return _scope.TryGetValue(identifier.Name, out var value) ? value
                    : CelValue.IsTypeName(identifier.Name) ? new CelTypeName(identifier.Name)
                    : throw new CelException($"no such attribute(s): {identifier.Name}");
            case CelSelect select:
                return Select(select);
            case CelCall call:
                return Call(call);
            case CelListLiteral list:
                return List(list);
            case CelMapLiteral map:
                return Map(map);
            case CelComprehension comprehension:
                return Comprehension(comprehension);
            default:
                throw new InvalidOperationException($"{expression.GetType().Name} has no value");
        }
    }

    private object? Select(CelSelect select)
    {
        if (!select.IsTest && CelChecker.QualifiedName(select) is { } name && CelValue.IsTypeName(name))
        {
            return new CelTypeName(name);
        }

        cost.Add(1);
        var operand = Evaluate(select.Operand);
        var isOptional = select.IsOptional || operand is CelOptional;
        if (operand is CelOptional optional)
        {
            operand = optional.Value;
            if (!optional.HasValue)
            {
                return select.IsTest ? false : CelOptional.None;
            }
        }

        var found = TryField(operand, select.Field, out var value);
        return (select.IsTest, isOptional, found) switch
        {
            (true, _, _) => found,
            (_, true, _) => found ? CelOptional.Some(value) : CelOptional.None,
            (_, _, true) => value,
            _ => throw new CelException($"no such key: {select.Field}"),
        };
    }

    private static bool TryField(object? operand, string field, out object? value) => operand switch
    {
        ICelObject obj => obj.TryGet(field, out value),
        CelMap map => map.TryGet(field, out value),
        _ => throw CelException.NoSuchOverload(),
    };

    private object? Call(CelCall call)
    {
        switch (call.Function)
        {
            case "_&&_":
                return Logic(call, decides: false);
            case "_||_":
                return Logic(call, decides: true);
            case "_?_:_":
                cost.Add(1);
                return Evaluate(call.Arguments[0]) is bool condition
                    ? Evaluate(call.Arguments[condition ? 1 : 2])
                    : throw CelException.NoSuchOverload();
            case "or" or "orValue" when call.Target is not null:
                // The other value is evaluated only if it is needed.
                return Evaluate(call.Target) is CelOptional first
                    ? first.HasValue ? call.Function == "or" ? first : first.Value : Evaluate(call.Arguments[0])
                    : throw CelException.NoSuchOverload();
        }

        cost.Add(1);
        if (call.Target is not null && CelChecker.QualifiedName(call.Target) is { } prefix && !_scope.ContainsKey(prefix)
            && CelFunctions.Exists($"{prefix}.{call.Function}"))
        {
            return Invoke($"{prefix}.{call.Function}", isMember: false, [.. call.Arguments.Select(Evaluate)]);
        }

        object?[] values = call.Target is null
            ? [.. call.Arguments.Select(Evaluate)]
            : [Evaluate(call.Target), .. call.Arguments.Select(Evaluate)];
        return Invoke(call.Function, call.Target is not null, values);
    }

    private object? Invoke(string name, bool isMember, object?[] values)
    {
        foreach (var overload in CelFunctions.Find(name, isMember, values.Length))
        {
            if (overload.Accepts(values))
            {
                return overload.Call(values, cost);
            }
        }

        throw CelException.NoSuchOverload();
    }

    /// <summary>One side that decides is enough, whatever is wrong with the other.</summary>
    private object Logic(CelCall call, bool decides)
    {
        CelException? failure = null;
        foreach (var side in call.Arguments)
        {
            try
            {
                if (Evaluate(side) is not bool value)
                {
                    failure ??= CelException.NoSuchOverload();
                }
                else if (value == decides)
                {
                    return decides;
                }
            }
            catch (CelException error)
            {
                failure ??= error;
            }
        }

        return failure is null ? !decides : throw failure;
    }

    private List<object?> List(CelListLiteral list)
    {
        cost.Add(10);
        var items = new List<object?>(list.Items.Count);
        foreach (var (expression, isOptional) in list.Items)
        {
            if (TryElement(expression, isOptional, out var value))
            {
                items.Add(value);
            }
        }

        return items;
    }

    private CelMap Map(CelMapLiteral literal)
    {
        cost.Add(30);
        var map = new CelMap();
        foreach (var entry in literal.Entries)
        {
            var key = Evaluate(entry.Key);
            if (TryElement(entry.Value, entry.IsOptional, out var value))
            {
                map.Add(key, value);
            }
        }

        return map;
    }

    private bool TryElement(CelExpression expression, bool isOptional, out object? value)
    {
        value = Evaluate(expression);
        if (isOptional && value is CelOptional optional)
        {
            value = optional.Value;
            return optional.HasValue;
        }

        return true;
    }

    private object? Comprehension(CelComprehension comprehension)
    {
        var range = Evaluate(comprehension.Range);
        if (comprehension.Macro is CelMacro.OptMap or CelMacro.OptFlatMap)
        {
            return Optional(comprehension, range as CelOptional ?? throw CelException.NoSuchOverload());
        }

        IEnumerable<object?> items = range switch
        {
            IReadOnlyList<object?> list => list,
            CelMap map => (IEnumerable<object?>)map.Keys,
            ICelObject obj => (IEnumerable<object?>)obj.Fields,
            _ => throw CelException.NoSuchOverload(),
        };
        return comprehension.Macro switch
        {
            CelMacro.All => Quantified(comprehension, items, decides: false),
            CelMacro.Exists => Quantified(comprehension, items, decides: true),
            CelMacro.ExistsOne => items.Count(item => Test(comprehension.Body, comprehension.Variable, item)) == 1,
            CelMacro.Filter => items.Where(item => Test(comprehension.Body, comprehension.Variable, item)).ToList(),
            _ => items.Where(item => comprehension.Condition is null || Test(comprehension.Condition, comprehension.Variable, item))
                .Select(item => With(comprehension.Variable, item, comprehension.Body)).ToList(),
        };
    }

    private CelOptional Optional(CelComprehension comprehension, CelOptional optional)
    {
        if (!optional.HasValue)
        {
            return CelOptional.None;
        }

        var value = With(comprehension.Variable, optional.Value, comprehension.Body);
        return comprehension.Macro == CelMacro.OptMap ? CelOptional.Some(value) : value as CelOptional ?? throw CelException.NoSuchOverload();
    }

    private object Quantified(CelComprehension comprehension, IEnumerable<object?> items, bool decides)
    {
        CelException? failure = null;
        foreach (var item in items)
        {
            try
            {
                if (Test(comprehension.Body, comprehension.Variable, item) == decides)
                {
                    return decides;
                }
            }
            catch (CelException error)
            {
                failure ??= error;
            }
        }

        return failure is null ? !decides : throw failure;
    }

    private bool Test(CelExpression body, string variable, object? item) =>
        With(variable, item, body) as bool? ?? throw CelException.NoSuchOverload();

    private object? With(string variable, object? value, CelExpression body)
    {
        cost.Add(2);
        var isHidden = _scope.TryGetValue(variable, out var hidden);
        _scope[variable] = value;
        try
        {
            return Evaluate(body);
        }
        finally
        {
            if (isHidden)
            {
                _scope[variable] = hidden;
            }
            else
            {
                _scope.Remove(variable);
            }
        }
    }
}
