using System.Text.Json.Nodes;
using Dataplane.ControlPlane.CustomResources.Schemas;
using Dataplane.ControlPlane.Machinery.Schema;

namespace Dataplane.ControlPlane.Machinery.FieldOwnership;

internal enum FieldTopology
{
    /// <summary>Owned as a whole: a scalar, and every atomic list, map and struct.</summary>
    Leaf,
    Struct,
    Map,

    /// <summary>A list whose items are told apart by some of their fields.</summary>
    KeyedList,

    /// <summary>A list of scalars that holds each one once.</summary>
    Set,

    /// <summary>Without a schema: objects are maps of the same, everything else is a leaf.</summary>
    Deduced,
}

/// <summary>What a value is to ownership: whether it has parts that are owned on their own, and what those are.</summary>
internal readonly record struct FieldType
{
    private readonly TypeSchema? _struct;
    private readonly FieldSchema? _field;
    private readonly StructuralSchema? _structure;

    private FieldType(FieldTopology topology, TypeSchema? type = null, FieldSchema? field = null)
    {
        Topology = topology;
        _struct = type;
        _field = field;
    }

    private FieldType(FieldTopology topology, StructuralSchema structure)
    {
        Topology = topology;
        _structure = structure;
    }

    public FieldTopology Topology { get; }

    public static FieldType Of(TypeSchema type) => type.Atomic ? default : new FieldType(FieldTopology.Struct, type);

    /// <summary>The type of custom resources' values: x-kubernetes-list-type and x-kubernetes-map-type say what has parts.</summary>
    public static FieldType Of(StructuralSchema schema) => schema switch
    {
        { IsIntOrString: true } or { MapType: "atomic" } => default,
        { Type: "array", ListType: "map" } => new FieldType(FieldTopology.KeyedList, schema),
        { Type: "array", ListType: "set" } => new FieldType(FieldTopology.Set, schema),
        { Properties.Count: > 0 } or { IsEmbeddedResource: true } => new FieldType(FieldTopology.Struct, schema),
        { HasAdditionalProperties: true } => new FieldType(FieldTopology.Map, schema),
        { Type: "" or "object" } => new FieldType(FieldTopology.Deduced),
        _ => default,
    };

    /// <summary>Whether a value is owned as a whole.</summary>
    public bool IsLeaf(JsonNode? value) => Topology == FieldTopology.Leaf || (Topology == FieldTopology.Deduced && value is not (null or JsonObject));

    /// <summary>The parts of a value, in its own order. None of a leaf.</summary>
    public IEnumerable<FieldPart> Parts(JsonNode? value)
    {
        var type = this;
        return (Topology, value) switch
        {
            (FieldTopology.Struct or FieldTopology.Map or FieldTopology.Deduced, JsonObject obj) =>
                obj.Where(field => field.Value is not null).Select(field => new FieldPart(PathElement.Field(field.Key), field.Value!, type.Part(field.Key))),
            (FieldTopology.KeyedList, JsonArray list) =>
                list.OfType<JsonObject>().Select(item => new FieldPart(type.ElementOf(item), item, type.Part(""))),
            (FieldTopology.Set, JsonArray list) =>
                list.Where(item => item is not null).Select(item => new FieldPart(PathElement.Value(item), item!, default)),
            _ => [],
        };
    }

    /// <summary>Key fields that an item neither has nor can do without.</summary>
    public IEnumerable<string> MissingKeys(JsonObject item) =>
        Topology != FieldTopology.KeyedList ? [] : ListKeys.Where(key => item[key.Name] is null && key.Default is null).Select(key => key.Name);

    /// <summary>The type of a part by its name; the name does not matter outside structs.</summary>
    public FieldType Part(string name) => Topology switch
    {
        FieldTopology.Deduced => this,
        _ when _structure is not null => StructurePart(name),
        FieldTopology.Struct => _struct!.Field(name) is { } field ? Of(field) : default,
        FieldTopology.Map or FieldTopology.KeyedList => _field!.Kind == FieldKind.Message ? Of(_field.Message) : default,
        _ => default,
    };

    // The default of a custom key is JSON: it may be a number.
    private IEnumerable<ListKey> ListKeys => _structure is null
        ? _field!.ListKeys
        : _structure.ListMapKeys.Select(ListKey);

    private ListKey ListKey(string name) => new(name, _structure!.Items?.Properties.GetValueOrDefault(name)?.Default?.ToJsonString());

    private FieldType StructurePart(string name)
    {
        if (Topology == FieldTopology.KeyedList)
        {
            return _structure!.Items is { } items ? Of(items) : default;
        }

        if (name == "metadata" && _structure!.Properties.GetValueOrDefault(name) is null or { Properties.Count: 0 })
        {
            return Of(SchemaTable.Kubernetes.Type("meta.ObjectMeta"));
        }

        return (_structure!.Properties.GetValueOrDefault(name) ?? _structure.AdditionalProperties) is { } part
            ? Of(part)
            : new FieldType(_structure.PreservesUnknownFields ? FieldTopology.Deduced : FieldTopology.Leaf);
    }

    private PathElement ElementOf(JsonObject item)
    {
        var keys = new JsonObject();
        foreach (var key in ListKeys.OrderBy(key => key.Name, StringComparer.Ordinal))
        {
            if (item[key.Name] is { } value)
            {
                keys[key.Name] = value.DeepClone();
            }
            else if (key.Default is not null)
            {
                keys[key.Name] = _structure is null ? key.Default : JsonNode.Parse(key.Default);
            }
        }

        return PathElement.Item(keys);
    }

    private static FieldType Of(FieldSchema field) => field.Shape switch
    {
        _ when field.Atomic => default,
        FieldShape.List when field.ListKeys.Count > 0 => new FieldType(FieldTopology.KeyedList, field: field),
        FieldShape.List => field.IsSet ? new FieldType(FieldTopology.Set, field: field) : default,
        FieldShape.Map => new FieldType(FieldTopology.Map, field: field),
        _ => field.Kind == FieldKind.Message ? Of(field.Message) : default,
    };
}

/// <summary>A part of a value: where it is below it, what it holds and what it is.</summary>
internal readonly record struct FieldPart(PathElement Element, JsonNode Value, FieldType Type);
