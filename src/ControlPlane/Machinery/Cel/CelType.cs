namespace Dataplane.ControlPlane.Machinery.Cel;

internal enum CelKind
{
    /// <summary>Of unknown type: checked when it is evaluated.</summary>
    Dyn,

    /// <summary>What could not be typed; an issue says why.</summary>
    Error,

    Null,
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    Timestamp,
    Duration,
    Type,
    List,
    Map,

    /// <summary>Has the fields of its schema and no others.</summary>
    Object,

    Optional,

    /// <summary>A type of a library, by its name: kubernetes.Quantity.</summary>
    Opaque,

    /// <summary>Stands for any one type in a signature.</summary>
    Parameter,
}

/// <summary>A type of the language, or of the schema the expression is about.</summary>
internal sealed record CelType(CelKind Kind, string Name)
{
    public static readonly CelType Dyn = new(CelKind.Dyn, "dyn");
    public static readonly CelType Error = new(CelKind.Error, "!error!");
    public static readonly CelType Null = new(CelKind.Null, "null");
    public static readonly CelType Bool = new(CelKind.Bool, "bool");
    public static readonly CelType Int = new(CelKind.Int, "int");
    public static readonly CelType Uint = new(CelKind.Uint, "uint");
    public static readonly CelType Double = new(CelKind.Double, "double");
    public static readonly CelType Text = new(CelKind.Text, "string");
    public static readonly CelType Bytes = new(CelKind.Bytes, "bytes");
    public static readonly CelType Timestamp = new(CelKind.Timestamp, "timestamp");
    public static readonly CelType Duration = new(CelKind.Duration, "duration");
    public static readonly CelType Type = new(CelKind.Type, "type");

    private static readonly Dictionary<string, CelType> Plain =
        new[] { Dyn, Null, Bool, Int, Uint, Double, Text, Bytes, Timestamp, Duration, Type }.ToDictionary(type => type.Name, StringComparer.Ordinal);

    /// <summary>Of lists the element, of maps key and value, of optionals the value.</summary>
    public IReadOnlyList<CelType> Of { get; private init; } = [];

    /// <summary>Of objects, by their escaped names.</summary>
    public IReadOnlyDictionary<string, CelType> Fields { get; private init; } = new Dictionary<string, CelType>();

    public static CelType List(CelType element) => new(CelKind.List, "list") { Of = [element] };

    public static CelType Map(CelType key, CelType value) => new(CelKind.Map, "map") { Of = [key, value] };

    public static CelType Optional(CelType value) => new(CelKind.Optional, "optional_type") { Of = [value] };

    public static CelType Object(string name, IReadOnlyDictionary<string, CelType> fields) => new(CelKind.Object, name) { Fields = fields };

    public bool Equals(CelType? other) =>
        other is not null && Kind == other.Kind && Name == other.Name && Of.SequenceEqual(other.Of) && (Kind != CelKind.Object || ReferenceEquals(Fields, other.Fields));

    public override int GetHashCode() => HashCode.Combine(Kind, Name, Of.Count);

    public override string ToString() => Of.Count == 0 ? Name : $"{Name}({string.Join(", ", Of)})";

    /// <summary>Replaces parameters by what they stand for; a parameter that stands for nothing is of any type.</summary>
    public CelType Substitute(Dictionary<string, CelType> meanings) => Kind switch
    {
        CelKind.Parameter => meanings.TryGetValue(Name, out var meaning) ? meaning : Dyn,
        _ when Of.Count == 0 => this,
        _ => this with { Of = [.. Of.Select(type => type.Substitute(meanings))] },
    };

    /// <summary>
    /// Whether a value of type <paramref name="from"/> can be used where this is wanted. Parameters get their meaning by their
    /// first use.
    /// </summary>
    public bool Takes(CelType from, Dictionary<string, CelType> meanings)
    {
        if (Kind == CelKind.Parameter)
        {
            if (!meanings.TryGetValue(Name, out var meaning) || (meaning.Kind is CelKind.Null && from.IsNullable))
            {
                meanings[Name] = from;
                return true;
            }

            return meaning.Takes(from, meanings);
        }

        if (Kind is CelKind.Dyn or CelKind.Error || from.Kind is CelKind.Dyn or CelKind.Error)
        {
            return true;
        }

        if (from.Kind == CelKind.Null)
        {
            return IsNullable;
        }

        return Kind == from.Kind && Name == from.Name && Of.Count == from.Of.Count
            && (Kind != CelKind.Object || ReferenceEquals(Fields, from.Fields))
            && Of.Zip(from.Of).All(pair => pair.First.Takes(pair.Second, meanings));
    }

    private bool IsNullable => Kind is CelKind.Null or CelKind.Object or CelKind.Timestamp or CelKind.Duration or CelKind.Opaque or CelKind.Optional;

    /// <summary>Reads a type of a signature: "list(A)", where single capitals are parameters.</summary>
    public static CelType Parse(string text)
    {
        var open = text.IndexOf('(', StringComparison.Ordinal);
        if (open < 0)
        {
            return text.Length == 1 ? new CelType(CelKind.Parameter, text) : Plain.TryGetValue(text, out var plain) ? plain : new CelType(CelKind.Opaque, text);
        }

        var inner = SplitTop(text[(open + 1)..^1]).Select(Parse).ToArray();
        return text[..open] switch
        {
            "list" => List(inner[0]),
            "map" => Map(inner[0], inner[1]),
            "optional" => Optional(inner[0]),
            _ => throw new ArgumentException($"{text}: no type"),
        };
    }

    /// <summary>Splits at commas that are in no parentheses.</summary>
    internal static IEnumerable<string> SplitTop(string text)
    {
        var (depth, start) = (0, 0);
        for (var i = 0; i <= text.Length; i++)
        {
            if (i == text.Length || (text[i] == ',' && depth == 0))
            {
                if (text[start..i].Trim() is { Length: > 0 } part)
                {
                    yield return part;
                }

                start = i + 1;
            }
            else
            {
                depth += text[i] switch { '(' => 1, ')' => -1, _ => 0 };
            }
        }
    }
}
