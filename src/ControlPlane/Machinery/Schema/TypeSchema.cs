using System.Text.Json;

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

    /// <summary>
    /// A union of Go that JSON shows as the one field that is set: an object, an array or a boolean, each of which at most one
    /// field can be (an array of schemas or a schema).
    /// </summary>
    public bool Either { get; init; }

    public IReadOnlyDictionary<string, FieldSchema> JsonFields => _jsonFields ??= Flatten();

    public FieldSchema? Field(string name) => JsonFields.GetValueOrDefault(name);

    public FieldSchema? FieldByNumber(int number) => (_byNumber ??= Fields.ToDictionary(field => field.Number)).GetValueOrDefault(number);

    /// <summary>The field of an <see cref="Either"/> type that a value belongs to.</summary>
    /// <returns>Null for a value of another shape.</returns>
    public FieldSchema? Alternative(JsonValueKind shape) => Fields.FirstOrDefault(field => (shape, field.Shape, field.Kind) switch
    {
        (JsonValueKind.Array, FieldShape.List, _) or (JsonValueKind.Object, FieldShape.Single, FieldKind.Message) => true,
        (JsonValueKind.True or JsonValueKind.False, FieldShape.Single, FieldKind.Bool) => true,
        _ => false,
    });

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
