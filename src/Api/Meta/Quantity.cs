using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Dataplane.Api;

/// <summary>
/// An amount with a suffix: <c>100m</c> CPU, <c>64Mi</c> bytes. Keeps the text it was written with; compares by value.
/// Source: apimachinery pkg/api/resource, "Quantity" grammar.
/// </summary>
public readonly struct Quantity : IEquatable<Quantity>, IComparable<Quantity>
{
    private static readonly (string Suffix, decimal Factor)[] Suffixes =
    [
        ("Ki", 1L << 10), ("Mi", 1L << 20), ("Gi", 1L << 30), ("Ti", 1L << 40), ("Pi", 1L << 50), ("Ei", 1L << 60),
        ("n", 0.000000001m), ("u", 0.000001m), ("m", 0.001m),
        ("k", 1_000m), ("M", 1_000_000m), ("G", 1_000_000_000m), ("T", 1_000_000_000_000m),
        ("P", 1_000_000_000_000_000m), ("E", 1_000_000_000_000_000_000m),
    ];

    private readonly string? _text;

    /// <summary>A plain number without a suffix.</summary>
    public Quantity(decimal value)
        : this(value.ToString(CultureInfo.InvariantCulture), value)
    {
    }

    private Quantity(string text, decimal value)
    {
        _text = text;
        Value = value;
    }

    /// <summary>The amount in base units: cores, bytes, pieces.</summary>
    public decimal Value { get; }

    /// <summary>The amount in thousandths, rounded up: millicores. Saturates.</summary>
    public long MilliValue => (long)decimal.Ceiling(Math.Clamp(Value * 1000m, long.MinValue, long.MaxValue));

    /// <summary>The amount in whole units, rounded up: bytes.</summary>
    public long WholeValue => (long)decimal.Ceiling(Value);

    public static bool operator ==(Quantity left, Quantity right) => left.Equals(right);

    public static bool operator !=(Quantity left, Quantity right) => !left.Equals(right);

    /// <summary>A sum in the suffixes of the left side, or of the right one when the left is nothing.</summary>
    public static Quantity operator +(Quantity left, Quantity right) => left.With(left.Value + right.Value, right);

    /// <inheritdoc cref="op_Addition"/>
    public static Quantity operator -(Quantity left, Quantity right) => left.With(left.Value - right.Value, right);

    /// <exception cref="FormatException">Not a quantity.</exception>
    public static Quantity Parse(string text) =>
        TryParse(text, out var quantity) ? quantity : throw new FormatException($"\"{text}\" is not a quantity such as 100m or 64Mi");

    /// <summary>
    /// Reads a number with an optional decimal (<c>k</c>), binary (<c>Ki</c>) or exponent (<c>e3</c>) suffix, of at most 2^63 in size.
    /// </summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Quantity quantity)
    {
        quantity = default;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        var digits = text.AsSpan();
        var factor = 1m;
        foreach (var (suffix, suffixFactor) in Suffixes)
        {
            if (text.EndsWith(suffix, StringComparison.Ordinal))
            {
                digits = digits[..^suffix.Length];
                factor = suffixFactor;
                break;
            }
        }

        const NumberStyles style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        if (!decimal.TryParse(digits, style, CultureInfo.InvariantCulture, out var number) || Math.Abs(number) > long.MaxValue / Math.Max(factor, 1m))
        {
            return false;
        }

        quantity = new Quantity(text, number * factor);
        return true;
    }

    /// <summary>The one way upstream writes this amount: the largest suffix of its kind without a fraction, <c>1500m</c> or <c>1Gi</c>.</summary>
    public string Canonical()
    {
        if (_text is { Length: > 1 } && _text.IndexOf('i', StringComparison.Ordinal) > 0 && Math.Abs(Value) >= 1024)
        {
            var whole = decimal.Ceiling(Value);
            var (suffix, factor) = Suffixes.Take(6).Reverse().FirstOrDefault(candidate => whole % candidate.Factor == 0, ("", 1));
            return (whole / factor).ToString("0", CultureInfo.InvariantCulture) + suffix;
        }

        if (Value == 0)
        {
            return "0";
        }

        var exponential = _text is not null && _text.AsSpan().IndexOfAny('e', 'E') > 0 && char.IsAsciiDigit(_text[^1]);
        for (var exponent = 18; exponent > -9; exponent -= 3)
        {
            var scaled = Value / Power(exponent);
            if (scaled == decimal.Truncate(scaled))
            {
                return scaled.ToString("0", CultureInfo.InvariantCulture) + (exponential && exponent != 0 ? $"e{exponent}" : DecimalSuffix(exponent));
            }
        }

        return decimal.Ceiling(Value * 1_000_000_000m).ToString("0", CultureInfo.InvariantCulture) + "n";
    }

    /// <inheritdoc/>
    public int CompareTo(Quantity other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public bool Equals(Quantity other) => Value == other.Value;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Quantity other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode();

    /// <inheritdoc/>
    public override string ToString() => _text ?? "0";

    private Quantity With(decimal value, Quantity other)
    {
        var amount = new Quantity((Value == 0 ? other._text : _text) ?? "0", value);
        return new Quantity(amount.Canonical(), value);
    }

    private static decimal Power(int exponent) => Array.Find(Suffixes, entry => entry.Suffix == DecimalSuffix(exponent)) is { Factor: > 0 } known ? known.Factor : 1;

    private static string DecimalSuffix(int exponent) => exponent switch
    {
        18 => "E",
        15 => "P",
        12 => "T",
        9 => "G",
        6 => "M",
        3 => "k",
        -3 => "m",
        -6 => "u",
        _ => "",
    };
}
