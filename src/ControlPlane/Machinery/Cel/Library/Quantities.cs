using Dataplane.Api;

namespace Dataplane.ControlPlane.Machinery.Cel.Library;

/// <summary>Quantities of Kubernetes, "500m" and "1Gi".</summary>
internal static class Quantities
{
    private const string Type = "kubernetes.Quantity";

    public static IEnumerable<CelOverload> All { get; } =
    [
        new("quantity", $"(string) -> {Type}", (values, _) => Parse((string)values[0]!)),
        new("isQuantity", "(string) -> bool", (values, cost) => Quantity.TryParse((string)values[0]!, out _)),
        new(".sign", $"({Type}) -> int", (values, _) => (long)Math.Sign(Value(values, 0))),
        new(".isInteger", $"({Type}) -> bool", (values, _) => IsInteger(Value(values, 0))),
        new(".asInteger", $"({Type}) -> int", (values, _) => IsInteger(Value(values, 0))
            ? (long)Value(values, 0)
            : throw new CelException("cannot convert value to integer")),
        new(".asApproximateFloat", $"({Type}) -> double", (values, _) => (double)Value(values, 0)),
        new(".isGreaterThan", $"({Type}, {Type}) -> bool", (values, _) => Value(values, 0) > Value(values, 1)),
        new(".isLessThan", $"({Type}, {Type}) -> bool", (values, _) => Value(values, 0) < Value(values, 1)),
        new(".compareTo", $"({Type}, {Type}) -> int", (values, _) => (long)Value(values, 0).CompareTo(Value(values, 1))),
        new(".add", $"({Type}, {Type}) -> {Type}", (values, _) => Compute(() => (Quantity)values[0]! + (Quantity)values[1]!)),
        new(".add", $"({Type}, int) -> {Type}", (values, _) => Compute(() => (Quantity)values[0]! + new Quantity((long)values[1]!))),
        new(".sub", $"({Type}, {Type}) -> {Type}", (values, _) => Compute(() => (Quantity)values[0]! - (Quantity)values[1]!)),
        new(".sub", $"({Type}, int) -> {Type}", (values, _) => Compute(() => (Quantity)values[0]! - new Quantity((long)values[1]!))),
    ];

    private static object Parse(string text) => Quantity.TryParse(text, out var quantity)
        ? quantity
        : throw new CelException("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");

    private static decimal Value(object?[] values, int index) => ((Quantity)values[index]!).Value;

    private static bool IsInteger(decimal value) => value == Math.Floor(value) && value >= long.MinValue && value <= long.MaxValue;

    private static object Compute(Func<Quantity> compute)
    {
        try
        {
            return compute();
        }
        catch (OverflowException)
        {
            throw new CelException("quantity overflow");
        }
    }
}
