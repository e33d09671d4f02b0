namespace Dataplane.ControlPlane.Machinery.Schema;

/// <summary>
/// What types and fields mean, from the texts beside the schema tables. Read when a document is made and then let go: nothing else
/// needs them.
/// </summary>
internal sealed class SchemaDescriptions
{
    private const string AnyType = "*";
    private readonly Dictionary<string, string> _types = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _like = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Type, string Field), FieldDescription> _fields = [];

    /// <summary>The embedded texts.</summary>
    public static SchemaDescriptions Load()
    {
        var descriptions = new SchemaDescriptions();
        var assembly = typeof(SchemaDescriptions).Assembly;
        foreach (var resource in assembly.GetManifestResourceNames().Where(name => name.EndsWith(".txt", StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            descriptions.Parse(Path.GetFileNameWithoutExtension(resource), reader);
        }

        return descriptions;
    }

    /// <returns>Null without a text.</returns>
    public string? Of(TypeSchema type) => _types.GetValueOrDefault(_like.GetValueOrDefault(type.Name, type.Name));

    /// <summary>The text of a field: its own, that of its name in the group, that of its name anywhere, that of its type.</summary>
    public FieldDescription? Of(TypeSchema type, FieldSchema field)
    {
        var group = type.Name[..type.Name.IndexOf('.', StringComparison.Ordinal)];
        foreach (var place in (ReadOnlySpan<string>)[_like.GetValueOrDefault(type.Name, type.Name), $"{group}.{AnyType}", $"meta.{AnyType}"])
        {
            if (_fields.TryGetValue((place, field.Name), out var found))
            {
                return found;
            }
        }

        return field.Kind == FieldKind.Message && Of(field.Message) is { } text ? new FieldDescription(text, IsRequired: false) : null;
    }

    /// <summary>Types that have a text of any kind, for the test that every text describes something.</summary>
    public IEnumerable<string> Types => _types.Keys;

    public IEnumerable<(string Type, string Field)> Fields => _fields.Keys;

    private void Parse(string group, TextReader lines)
    {
        var type = "";
        while (lines.ReadLine() is { } line)
        {
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            var (name, text) = Split(line.Trim());
            if (line[0] != ' ')
            {
                type = $"{group}.{name}";
                if (text is ['=', .. var other])
                {
                    _like[type] = $"{group}.{other}";
                }
                else if (text.Length > 0)
                {
                    _types[type] = text;
                }

                continue;
            }

            var required = name.EndsWith('*');
            _fields[(type, required ? name[..^1] : name)] = new FieldDescription(text, required);
        }
    }

    private static (string Name, string Text) Split(string line)
    {
        var blank = line.IndexOf(' ', StringComparison.Ordinal);
        return blank < 0 ? (line, "") : (line[..blank], line[(blank + 1)..]);
    }
}

/// <summary>What a field means, and whether an object must have it.</summary>
internal sealed record FieldDescription(string Text, bool IsRequired);
