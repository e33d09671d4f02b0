namespace Dataplane.ControlPlane.Machinery.Schema;

/// <summary>
/// Every type the server decodes, from the tables beside this file. One table feeds strict decoding, protobuf, merge keys
/// and OpenAPI, so that they cannot disagree.
/// </summary>
internal sealed class SchemaTable
{
    private static readonly Lazy<SchemaTable> Shared = new(Load);

    private readonly Dictionary<string, TypeSchema> _types = new(StringComparer.Ordinal);

    /// <summary>The embedded tables, parsed at first use.</summary>
    public static SchemaTable Kubernetes => Shared.Value;

    public IReadOnlyCollection<TypeSchema> Types => _types.Values;

    /// <exception cref="KeyNotFoundException">The tables do not have this type.</exception>
    public TypeSchema Type(string name) =>
        _types.TryGetValue(name, out var type) ? type : throw new KeyNotFoundException($"schema tables have no type {name}");

    /// <summary>Reads one table. Lines are described at the head of each table.</summary>
    /// <exception cref="InvalidDataException">A line that is neither a type, a field nor a comment.</exception>
    internal void Parse(string group, TextReader lines)
    {
        string? type = null;
        var atomic = false;
        var either = false;
        var fields = new List<FieldSchema>();
        while (lines.ReadLine() is { } line)
        {
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            if (line[0] == ' ')
            {
                fields.Add(ParseField(group, line));
                continue;
            }

            Finish();
            var words = line.Split(' ');
            type = $"{group}.{words[0]}";
            atomic = words.Contains("atomic");
            either = words.Contains("either");
        }

        Finish();

        void Finish()
        {
            if (type is not null)
            {
                _types[type] = new TypeSchema(type, [.. fields]) { Atomic = atomic, Either = either };
                fields.Clear();
            }
        }
    }

    private static SchemaTable Load()
    {
        var table = new SchemaTable();
        var assembly = typeof(SchemaTable).Assembly;
        foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.EndsWith(".schema", StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            table.Parse(Path.GetFileNameWithoutExtension(resource), reader);
        }

        return table;
    }

    private static FieldSchema ParseField(string group, string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 3 || !int.TryParse(words[1], out var number))
        {
            throw new InvalidDataException($"schema table {group}: cannot read \"{line.Trim()}\"");
        }

        var (shape, element) = words[2] switch
        {
            ['[', ']', .. var rest] => (FieldShape.List, rest),
            ['m', 'a', 'p', '[', .. var rest, ']'] => (FieldShape.Map, rest),
            var single => (FieldShape.Single, single),
        };
        var kind = KindOf(element);
        var merge = words.FirstOrDefault(word => word == "merge" || word.StartsWith("merge=", StringComparison.Ordinal));
        return new FieldSchema(words[0], number, kind, shape)
        {
            MessageName = kind != FieldKind.Message ? null : element.Contains('.', StringComparison.Ordinal) ? element : $"{group}.{element}",
            Inline = words.Contains("inline"),
            Merge = merge is not null,
            MergeKey = merge is { Length: > 6 } ? merge[6..] : null,
            RetainKeys = words.Contains("retainKeys"),
            Atomic = words.Contains("atomic"),
            IsSet = merge == "merge" || words.Contains("set"),
            ListKeys = ListKeys(words, merge),
        };
    }

    // Written "keys=port,protocol=TCP" where they differ from the key of the strategic merge.
    private static IReadOnlyList<ListKey> ListKeys(string[] words, string? merge)
    {
        var keys = words.FirstOrDefault(word => word.StartsWith("keys=", StringComparison.Ordinal))?[5..] ?? (merge is { Length: > 6 } ? merge[6..] : "");
        return [.. keys.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(key => key.Split('=')).Select(key => new ListKey(key[0], key.ElementAtOrDefault(1)))];
    }

    private static FieldKind KindOf(string word) => word switch
    {
        "string" => FieldKind.String,
        "bool" => FieldKind.Bool,
        "int32" => FieldKind.Int32,
        "int64" => FieldKind.Int64,
        "double" => FieldKind.Double,
        "bytes" => FieldKind.Bytes,
        "Time" => FieldKind.Time,
        "MicroTime" => FieldKind.MicroTime,
        "Duration" => FieldKind.Duration,
        "Quantity" => FieldKind.Quantity,
        "IntOrString" => FieldKind.IntOrString,
        "FieldsV1" => FieldKind.FieldsV1,
        "RawExtension" => FieldKind.RawExtension,
        "JSON" => FieldKind.Json,
        "strings" => FieldKind.Strings,
        _ => FieldKind.Message,
    };
}
