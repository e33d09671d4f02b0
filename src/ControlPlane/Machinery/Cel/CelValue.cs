using System.Globalization;
using System.Net;
using System.Text;
using Dataplane.Api;

namespace Dataplane.ControlPlane.Machinery.Cel;

/// <summary>A value that may be missing.</summary>
internal sealed record CelOptional(bool HasValue, object? Value)
{
    public static readonly CelOptional None = new(false, null);

    public static CelOptional Some(object? value) => new(true, value);
}

/// <summary>A type as a value, type(x).</summary>
internal sealed record CelTypeName(string Name);

/// <summary>An address and how many bits of it name its network.</summary>
internal sealed record CelNetwork(IPAddress Address, int Length)
{
    /// <summary>The addresses of the network.</summary>
    public IPNetwork Range
    {
        get
        {
            var bytes = Address.GetAddressBytes();
            for (var i = 0; i < bytes.Length; i++)
            {
                bytes[i] &= (byte)(0xff00 >> Math.Clamp(Length - (i * 8), 0, 8));
            }

            return new IPNetwork(new IPAddress(bytes), Length);
        }
    }

    public CelNetwork Masked() => this with { Address = Range.BaseAddress };

    public override string ToString() => $"{Address}/{Length}";
}

/// <summary>A list with what its schema says of the order of items and of equal ones.</summary>
internal interface ICelSchemaList : IReadOnlyList<object?>
{
    /// <summary>What tells items apart; null where the order counts.</summary>
    Func<object?, object?>? Identity { get; }
}

/// <summary>Something with fields: an object of a schema. Absent fields and null ones are not there.</summary>
internal interface ICelObject
{
    bool TryGet(string field, out object? value);

    IEnumerable<string> Fields { get; }
}

/// <summary>
/// Values as C# has them: null, bool, long, ulong, double, string, byte[], DateTimeOffset, TimeSpan, IReadOnlyList, CelMap,
/// ICelObject, CelOptional, CelTypeName, Quantity, Uri, IPAddress, CelNetwork.
/// </summary>
internal static class CelValue
{
    /// <summary>Whether a value is of a type, so far as that can be told without looking into it.</summary>
    public static bool Is(object? value, CelType type) => type.Kind switch
    {
        CelKind.Dyn or CelKind.Parameter or CelKind.Error => true,
        CelKind.Null => value is null,
        CelKind.Bool => value is bool,
        CelKind.Int => value is long,
        CelKind.Uint => value is ulong,
        CelKind.Double => value is double,
        CelKind.Text => value is string,
        CelKind.Bytes => value is byte[],
        CelKind.Timestamp => value is DateTimeOffset,
        CelKind.Duration => value is TimeSpan,
        CelKind.Type => value is CelTypeName,
        CelKind.List => value is IReadOnlyList<object?>,
        CelKind.Map => value is CelMap,
        CelKind.Object => value is ICelObject,
        CelKind.Optional => value is CelOptional,
        CelKind.Opaque => TypeName(value) == type.Name,
        _ => false,
    };

    /// <summary>Names of types that are values themselves: type(x) == string.</summary>
    public static bool IsTypeName(string name) => name is "bool" or "int" or "uint" or "double" or "string" or "bytes" or "null_type" or "list" or "map"
        or "type" or "optional_type" or "google.protobuf.Timestamp" or "google.protobuf.Duration" or "kubernetes.Quantity" or "kubernetes.URL" or "net.IP" or "net.CIDR";

    public static string TypeName(object? value) => value switch
    {
        null => "null_type",
        bool => "bool",
        long => "int",
        ulong => "uint",
        double => "double",
        string => "string",
        byte[] => "bytes",
        DateTimeOffset => "google.protobuf.Timestamp",
        TimeSpan => "google.protobuf.Duration",
        CelTypeName => "type",
        CelMap => "map",
        ICelObject => "object",
        CelOptional => "optional_type",
        Quantity => "kubernetes.Quantity",
        Uri => "kubernetes.URL",
        IPAddress => "net.IP",
        CelNetwork => "net.CIDR",
        _ => "list",
    };

    /// <summary>Equality of the language: numbers by their value, lists and maps by what is in them, other types are never equal.</summary>
    public static bool AreEqual(object? left, object? right, CelCost cost)
    {
        cost.Add(1);
        switch (left, right)
        {
            case (null, _) or (_, null):
                return left is null && right is null;
            case (string text, string other):
                cost.Characters(Math.Min(text.Length, other.Length));
                return text == other;
            case (byte[] bytes, byte[] other):
                cost.Characters(Math.Min(bytes.Length, other.Length));
                return bytes.AsSpan().SequenceEqual(other);
            case (CelMap map, CelMap other):
                return map.Count == other.Count && map.All(entry => other.TryGet(entry.Key, out var value) && AreEqual(entry.Value, value, cost));
            case (ICelObject obj, ICelObject other):
                return obj.Fields.Count() == other.Fields.Count()
                    && obj.Fields.All(field => obj.TryGet(field, out var value) && other.TryGet(field, out var match) && AreEqual(value, match, cost));
            case (CelOptional optional, CelOptional other):
                return optional.HasValue == other.HasValue && AreEqual(optional.Value, other.Value, cost);
            case (Quantity quantity, Quantity other):
                return quantity == other;
            case (IReadOnlyList<object?> list, IReadOnlyList<object?> other):
                return AreListsEqual(list, other, cost);
            default:
                return IsNumber(left) && IsNumber(right) ? CompareNumbers(left, right) == 0 : left.Equals(right);
        }
    }

    /// <summary>Below, at or above zero; null when one is no number.</summary>
    /// <exception cref="CelException">Values without an order, or of different types.</exception>
    public static int? Compare(object? left, object? right) => (left, right) switch
    {
        (bool a, bool b) => a.CompareTo(b),
        (string a, string b) => string.CompareOrdinal(a, b),
        (byte[] a, byte[] b) => a.AsSpan().SequenceCompareTo(b),
        (DateTimeOffset a, DateTimeOffset b) => a.CompareTo(b),
        (TimeSpan a, TimeSpan b) => a.CompareTo(b),
        _ when IsNumber(left) && IsNumber(right) => CompareNumbers(left!, right!),
        _ => throw CelException.NoSuchOverload(),
    };

    /// <summary>As string(x) shows a number.</summary>
    public static string Show(double value) => double.IsPositiveInfinity(value)
        ? "+Inf"
        : double.IsNegativeInfinity(value) ? "-Inf" : value.ToString("R", CultureInfo.InvariantCulture).Replace("E", "e", StringComparison.Ordinal);

    /// <summary>The number of characters, which are code points.</summary>
    public static long Length(string text) => text.EnumerateRunes().LongCount();

    public static Rune[] Characters(string text) => [.. text.EnumerateRunes()];

    private static bool AreListsEqual(IReadOnlyList<object?> left, IReadOnlyList<object?> right, CelCost cost)
    {
        if (left.Count != right.Count)
        {
            return false;
        }

        if ((left as ICelSchemaList)?.Identity is not { } identity || (right as ICelSchemaList)?.Identity is null)
        {
            return left.Zip(right).All(pair => AreEqual(pair.First, pair.Second, cost));
        }

        // Sets and lists that are maps have no order.
        return left.All(item => right.Any(other => AreEqual(identity(item), identity(other), cost) && AreEqual(item, other, cost)));
    }

    private static bool IsNumber(object? value) => value is long or ulong or double;

    private static int? CompareNumbers(object left, object right) => (left, right) switch
    {
        (long a, long b) => a.CompareTo(b),
        (ulong a, ulong b) => a.CompareTo(b),
        (long a, ulong b) => ((Int128)a).CompareTo(b),
        (ulong a, long b) => ((Int128)a).CompareTo(b),
        (double a, _) when double.IsNaN(a) => null,
        (_, double b) when double.IsNaN(b) => null,
        (double a, double b) => a.CompareTo(b),
        (double a, _) => CompareDouble(a, right),
        _ => -CompareDouble((double)right, left),
    };

    // A double beyond 64 bits is beyond every integer; within, its whole part is exact.
    private static int CompareDouble(double value, object integer)
    {
        var other = integer is long signed ? signed : (Int128)(ulong)integer;
        if (Math.Abs(value) >= 1e20)
        {
            return value > 0 ? 1 : -1;
        }

        var whole = (Int128)Math.Floor(value);
        return whole != other ? whole.CompareTo(other) : value.CompareTo(Math.Floor(value));
    }
}
