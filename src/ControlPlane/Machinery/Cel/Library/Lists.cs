namespace Dataplane.ControlPlane.Machinery.Cel.Library;

/// <summary>Lists, and lists as sets.</summary>
internal static class Lists
{
    private static readonly string[] Ordered = ["bool", "int", "uint", "double", "string", "bytes", "timestamp", "duration", "dyn"];

    public static IEnumerable<CelOverload> All { get; } =
    [
        .. Both("size", "list(A)", values => (long)((IReadOnlyList<object?>)values[0]!).Count),
        .. Both("size", "map(A, B)", values => (long)((CelMap)values[0]!).Count),
        .. Ordered.Select(type => new CelOverload(".isSorted", $"(list({type})) -> bool", (values, cost) => IsSorted(Read(values[0], cost)))),
        .. Ordered.Select(type => new CelOverload(".min", $"(list({type})) -> {type}", (values, cost) => Extreme("min", Read(values[0], cost), -1))),
        .. Ordered.Select(type => new CelOverload(".max", $"(list({type})) -> {type}", (values, cost) => Extreme("max", Read(values[0], cost), 1))),
        .. new (string, object)[] { ("int", 0L), ("uint", 0UL), ("double", 0.0), ("duration", TimeSpan.Zero) }
            .Select(sum => new CelOverload(".sum", $"(list({sum.Item1})) -> {sum.Item1}", (values, cost) => Read(values[0], cost).Aggregate(sum.Item2, Sum))),
        new(".indexOf", "(list(A), A) -> int", (values, cost) => IndexOf(Read(values[0], cost), values[1], cost, last: false)),
        new(".lastIndexOf", "(list(A), A) -> int", (values, cost) => IndexOf(Read(values[0], cost), values[1], cost, last: true)),
        new("sets.contains", "(list(A), list(A)) -> bool", (values, cost) => Contains(Read(values[0], cost), Read(values[1], cost), cost)),
        new("sets.equivalent", "(list(A), list(A)) -> bool", (values, cost) =>
            Contains(Read(values[0], cost), Read(values[1], cost), cost) && Contains(Read(values[1], cost), Read(values[0], cost), cost)),
        new("sets.intersects", "(list(A), list(A)) -> bool", (values, cost) =>
            Read(values[0], cost).Any(item => Read(values[1], cost).Any(other => CelValue.AreEqual(item, other, cost)))),
    ];

    /// <summary>The sum of two lists. Of sets the union; of lists that are maps an item of the second takes its namesake's place.</summary>
    public static IReadOnlyList<object?> Concatenate(object?[] values, CelCost cost)
    {
        var (left, right) = (Read(values[0], cost), Read(values[1], cost));
        if ((left as ICelSchemaList)?.Identity is not { } identity)
        {
            return [.. left, .. right];
        }

        var result = left.ToList();
        foreach (var item in right)
        {
            var at = result.FindIndex(known => CelValue.AreEqual(identity(known), identity(item), cost));
            if (at < 0)
            {
                result.Add(item);
            }
            else
            {
                result[at] = item;
            }
        }

        return result;
    }

    private static IReadOnlyList<object?> Read(object? value, CelCost cost)
    {
        var list = (IReadOnlyList<object?>)value!;
        cost.Add(list.Count);
        return list;
    }

    private static IEnumerable<CelOverload> Both(string name, string type, Func<object?[], object> body) =>
    [
        new(name, $"({type}) -> int", (values, _) => body(values)),
        new("." + name, $"({type}) -> int", (values, _) => body(values)),
    ];

    private static bool IsSorted(IReadOnlyList<object?> list) =>
        Enumerable.Range(1, Math.Max(0, list.Count - 1)).All(i => CelValue.Compare(list[i - 1], list[i]) <= 0);

    private static object? Extreme(string name, IReadOnlyList<object?> list, int sign) => list.Count == 0
        ? throw new CelException($"{name} called on empty list")
        : list.Aggregate((best, next) => CelValue.Compare(next, best) * sign > 0 ? next : best);

    private static object Sum(object sum, object? item)
    {
        try
        {
            return (sum, item) switch
            {
                (long a, long b) => checked(a + b),
                (ulong a, ulong b) => checked(a + b),
                (double a, double b) => a + b,
                (TimeSpan a, TimeSpan b) => a + b,
                (0L, _) when item is ulong or double or TimeSpan => item,
                _ => throw CelException.NoSuchOverload(),
            };
        }
        catch (OverflowException)
        {
            throw new CelException("integer overflow");
        }
    }

    private static long IndexOf(IReadOnlyList<object?> list, object? wanted, CelCost cost, bool last)
    {
        for (var i = 0; i < list.Count; i++)
        {
            var at = last ? list.Count - 1 - i : i;
            if (CelValue.AreEqual(list[at], wanted, cost))
            {
                return at;
            }
        }

        return -1;
    }

    private static bool Contains(IReadOnlyList<object?> whole, IReadOnlyList<object?> part, CelCost cost) =>
        part.All(item => whole.Any(other => CelValue.AreEqual(item, other, cost)));
}
