namespace Dataplane.ControlPlane.Machinery.Schema;

/// <summary>One Kubernetes type. Fields are those of protobuf; <see cref="JsonFields"/> has the embedded ones flattened.</summary>
internal sealed class TypeSchema(string name, IReadOnlyList<FieldSchema> fields)
{
    private IReadOnlyDictionary<string, FieldSchema>? _jsonFields;
    private Dictionary<int, FieldSchema>? _byNumber;

    /// <summary>Qualified by its group: "core.PodSpec".</summary>
    public string Name { get; } = name;

    /// <summary>The Go type's own name, as error texts show it.</summary>
    public string GoName => Name[(Name.IndexOf('.', StringComparison.Ordinal) + 1)..];

    public IReadOnlyList<FieldSchema> Fields { get; } = fields;

    /// <summary>Server-side apply owns such a struct as a whole (a LabelSelector, an ObjectReference).</summary>
    public bool Atomic { get; init; }

    public IReadOnlyDictionary<string, FieldSchema> JsonFields => _jsonFields ??= Flatten();

    public FieldSchema? Field(string name) => JsonFields.GetValueOrDefault(name);

    public FieldSchema? FieldByNumber(int number) => (_byNumber ??= Fields.ToDictionary(field => field.Number)).GetValueOrDefault(number);

    private Dictionary<string, FieldSchema> Flatten()
    {
        var flat = new Dictionary<string, FieldSchema>(StringComparer.Ordinal);
        foreach (var field in Fields)
        {
            if (!field.Inline)
            {
                flat[field.Name] = field;
                continue;
            }

            foreach (var (name, embedded) in field.Message.JsonFields)
            {
                flat[name] = embedded;
            }
        }

        return flat;
    }
}
