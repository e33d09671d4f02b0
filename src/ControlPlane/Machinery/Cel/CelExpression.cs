namespace Dataplane.ControlPlane.Machinery.Cel;

/// <summary>A node of a parsed expression.</summary>
/// <param name="Position">Where it is reported: its operator, opening bracket or first character.</param>
internal abstract record CelExpression(int Position);

/// <param name="Position">Where.</param>
/// <param name="Value">null, bool, long, ulong, double, string or byte[].</param>
internal sealed record CelLiteral(int Position, object? Value) : CelExpression(Position);

internal sealed record CelIdentifier(int Position, string Name) : CelExpression(Position);

/// <param name="Position">The dot.</param>
/// <param name="Operand">Of what.</param>
/// <param name="Field">The name.</param>
/// <param name="IsTest">has(): whether the field is there.</param>
/// <param name="IsOptional">.?field: an optional.</param>
internal sealed record CelSelect(int Position, CelExpression Operand, string Field, bool IsTest = false, bool IsOptional = false) : CelExpression(Position);

/// <param name="Position">The operator or the opening parenthesis.</param>
/// <param name="Function">Its name; operators are "_+_", "!_", "_[_]" and so on, as in cel-go's messages.</param>
/// <param name="Target">What stands before the dot; null for a function and an operator.</param>
/// <param name="Arguments">The rest.</param>
internal sealed record CelCall(int Position, string Function, CelExpression? Target, IReadOnlyList<CelExpression> Arguments) : CelExpression(Position);

/// <param name="Position">The bracket.</param>
/// <param name="Items">The items and whether each is left out when it is an empty optional.</param>
internal sealed record CelListLiteral(int Position, IReadOnlyList<(CelExpression Value, bool IsOptional)> Items) : CelExpression(Position);

/// <param name="Position">The brace.</param>
/// <param name="Entries">Keys, values and whether each is left out when it is an empty optional.</param>
internal sealed record CelMapLiteral(int Position, IReadOnlyList<(CelExpression Key, CelExpression Value, bool IsOptional)> Entries)
    : CelExpression(Position);

internal enum CelMacro
{
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
    OptMap,
    OptFlatMap,
}

/// <summary>A macro that goes over a list, the keys of a map, or the value of an optional.</summary>
/// <param name="Position">The opening parenthesis.</param>
/// <param name="Macro">Which.</param>
/// <param name="Range">Over what.</param>
/// <param name="Variable">What the element is called.</param>
/// <param name="Body">The predicate, or what an element becomes.</param>
/// <param name="Condition">Of a map with a filter.</param>
internal sealed record CelComprehension(
    int Position, CelMacro Macro, CelExpression Range, string Variable, CelExpression Body, CelExpression? Condition = null) : CelExpression(Position);
