namespace Dataplane.ControlPlane.Machinery.Cel.Library;

/// <summary>Values that may be missing.</summary>
internal static class Optionals
{
    public static IEnumerable<CelOverload> All { get; } =
    [
        new("optional.of", "(A) -> optional(A)", (values, _) => CelOptional.Some(values[0])),
        new("optional.none", "() -> optional(A)", (_, _) => CelOptional.None),
        new("optional.ofNonZeroValue", "(A) -> optional(A)", (values, _) => IsZero(values[0]) ? CelOptional.None : CelOptional.Some(values[0])),
        new(".hasValue", "(optional(A)) -> bool", (values, _) => ((CelOptional)values[0]!).HasValue),
        new(".value", "(optional(A)) -> A", (values, _) => Value((CelOptional)values[0]!)),
        new(".orValue", "(optional(A), A) -> A", (values, _) => values[0] is CelOptional { HasValue: true } some ? some.Value : values[1]),
        new(".or", "(optional(A), optional(A)) -> optional(A)", (values, _) => values[0] is CelOptional { HasValue: true } some ? some : values[1]),
    ];

    /// <summary>An item of a list or an entry of a map that may be missing.</summary>
    public static CelOptional Item(CelOptional collection, object? index) => collection.Value switch
    {
        _ when !collection.HasValue => CelOptional.None,
        IReadOnlyList<object?> list when index is long at => at >= 0 && at < list.Count ? CelOptional.Some(list[(int)at]) : CelOptional.None,
        CelMap map => map.TryGet(index, out var value) ? CelOptional.Some(value) : CelOptional.None,
        _ => throw CelException.NoSuchOverload(),
    };

    private static object? Value(CelOptional optional) =>
        optional.HasValue ? optional.Value : throw new CelException("optional.none() dereference");

    private static bool IsZero(object? value) => value switch
    {
        null or false or 0L or 0UL or 0.0 or "" => true,
        byte[] bytes => bytes.Length == 0,
        CelMap map => map.Count == 0,
        ICelObject obj => !obj.Fields.Any(),
        IReadOnlyList<object?> list => list.Count == 0,
        TimeSpan duration => duration == TimeSpan.Zero,
        _ => false,
    };
}
