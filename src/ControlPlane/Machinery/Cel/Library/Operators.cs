namespace Dataplane.ControlPlane.Machinery.Cel.Library;

/// <summary>Arithmetic, comparisons, indexes and membership. Integers that overflow are an error.</summary>
internal static class Operators
{
    private static readonly string[] Ordered = ["bool", "int", "uint", "double", "string", "bytes", "timestamp", "duration"];
    private static readonly string[] Numbers = ["int", "uint", "double"];

    public static IEnumerable<CelOverload> All { get; } =
    [
        // Evaluated by the evaluator itself: their sides are not always.
        new("_&&_", "(bool, bool) -> bool", Never),
        new("_||_", "(bool, bool) -> bool", Never),
        new("_?_:_", "(bool, A, A) -> A", Never),
        new("!_", "(bool) -> bool", (values, _) => !(bool)values[0]!),
        new("_==_", "(A, A) -> bool", (values, cost) => CelValue.AreEqual(values[0], values[1], cost)),
        new("_!=_", "(A, A) -> bool", (values, cost) => !CelValue.AreEqual(values[0], values[1], cost)),
        new("-_", "(int) -> int", (values, _) => Whole(() => checked(-(long)values[0]!))),
        new("-_", "(double) -> double", (values, _) => -(double)values[0]!),
        .. Arithmetic("_+_", (a, b) => checked(a + b), (a, b) => checked(a + b), (a, b) => a + b),
        .. Arithmetic("_-_", (a, b) => checked(a - b), (a, b) => checked(a - b), (a, b) => a - b),
        .. Arithmetic("_*_", (a, b) => checked(a * b), (a, b) => checked(a * b), (a, b) => a * b),
        .. Arithmetic("_/_", Divide, (a, b) => b == 0 ? throw new CelException("division by zero") : a / b, (a, b) => a / b),
        new("_%_", "(int, int) -> int", (values, _) => Remainder((long)values[0]!, (long)values[1]!)),
        new("_%_", "(uint, uint) -> uint", (values, _) => (ulong)values[1]! == 0 ? throw new CelException("modulus by zero") : (ulong)values[0]! % (ulong)values[1]!),
        new("_+_", "(string, string) -> string", (values, cost) => Joined((string)values[0]!, (string)values[1]!, cost)),
        new("_+_", "(bytes, bytes) -> bytes", (values, cost) => Joined((byte[])values[0]!, (byte[])values[1]!, cost)),
        new("_+_", "(list(A), list(A)) -> list(A)", (values, cost) => Lists.Concatenate(values, cost)),
        .. Comparison("_<_", order => order < 0),
        .. Comparison("_<=_", order => order <= 0),
        .. Comparison("_>_", order => order > 0),
        .. Comparison("_>=_", order => order >= 0),
        new("@in", "(A, list(A)) -> bool", (values, cost) => ((IReadOnlyList<object?>)values[1]!).Any(item => CelValue.AreEqual(item, values[0], cost))),
        new("@in", "(A, map(A, B)) -> bool", (values, cost) => ((CelMap)values[1]!).TryGet(values[0], out _)),
        new("_[_]", "(list(A), int) -> A", (values, _) => Item((IReadOnlyList<object?>)values[0]!, (long)values[1]!)),
        new("_[_]", "(map(A, B), A) -> B", (values, _) => Entry((CelMap)values[0]!, values[1])),
        new("_[_]", "(optional(list(A)), int) -> optional(A)", (values, _) => Optionals.Item((CelOptional)values[0]!, values[1])),
        new("_[_]", "(optional(map(A, B)), A) -> optional(B)", (values, _) => Optionals.Item((CelOptional)values[0]!, values[1])),
        new("_[?_]", "(list(A), int) -> optional(A)", (values, _) => Optionals.Item(CelOptional.Some(values[0]), values[1])),
        new("_[?_]", "(map(A, B), A) -> optional(B)", (values, _) => Optionals.Item(CelOptional.Some(values[0]), values[1])),
        new("_[?_]", "(optional(list(A)), int) -> optional(A)", (values, _) => Optionals.Item((CelOptional)values[0]!, values[1])),
        new("_[?_]", "(optional(map(A, B)), A) -> optional(B)", (values, _) => Optionals.Item((CelOptional)values[0]!, values[1])),
    ];

    private static IEnumerable<CelOverload> Arithmetic(
        string name, Func<long, long, long> whole, Func<ulong, ulong, ulong> natural, Func<double, double, double> real) =>
    [
        new(name, "(int, int) -> int", (values, _) => Whole(() => whole((long)values[0]!, (long)values[1]!))),
        new(name, "(uint, uint) -> uint", (values, _) => Natural(() => natural((ulong)values[0]!, (ulong)values[1]!))),
        new(name, "(double, double) -> double", (values, _) => real((double)values[0]!, (double)values[1]!)),
    ];

    private static IEnumerable<CelOverload> Comparison(string name, Func<int, bool> holds) =>
        Ordered.Select(type => (type, type))
            .Concat(Numbers.SelectMany(left => Numbers.Where(right => right != left).Select(right => (left, right))))
            .Select(types => new CelOverload(name, $"({types.Item1}, {types.Item2}) -> bool", (values, cost) =>
            {
                cost.Characters(values[0] is string left && values[1] is string right ? Math.Min(left.Length, right.Length) : 0);
                return CelValue.Compare(values[0], values[1]) is { } order && holds(order);
            }));

    private static object Never(object?[] values, CelCost cost) => throw new InvalidOperationException("not called");

    private static long Whole(Func<long> compute)
    {
        try
        {
            return compute();
        }
        catch (OverflowException)
        {
            throw new CelException("integer overflow");
        }
    }

    private static ulong Natural(Func<ulong> compute)
    {
        try
        {
            return compute();
        }
        catch (OverflowException)
        {
            throw new CelException("unsigned integer overflow");
        }
    }

    private static long Divide(long left, long right) => right == 0 ? throw new CelException("division by zero") : checked(left / right);

    private static long Remainder(long left, long right) => right switch
    {
        0 => throw new CelException("modulus by zero"),
        -1 => 0,
        _ => left % right,
    };

    private static string Joined(string left, string right, CelCost cost)
    {
        cost.Characters(left.Length + right.Length);
        return left + right;
    }

    private static byte[] Joined(byte[] left, byte[] right, CelCost cost)
    {
        cost.Characters(left.Length + right.Length);
        return [.. left, .. right];
    }

    private static object? Item(IReadOnlyList<object?> list, long index) =>
        index >= 0 && index < list.Count ? list[(int)index] : throw new CelException($"index out of bounds: {index}");

    private static object? Entry(CelMap map, object? key) => map.TryGet(key, out var value) ? value : throw new CelException($"no such key: {key}");
}
