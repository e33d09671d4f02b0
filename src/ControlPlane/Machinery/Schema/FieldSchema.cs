namespace Dataplane.ControlPlane.Machinery.Schema;

/// <summary>How a value looks in JSON and in protobuf.</summary>
internal enum FieldKind
{
    String,
    Bool,
    Int32,
    Int64,
    Double,

    /// <summary>Base64 in JSON, raw in protobuf.</summary>
    Bytes,

    /// <summary>RFC 3339 in JSON, Time{seconds=1,nanos=2} in protobuf.</summary>
    Time,
    MicroTime,

    /// <summary>A Go duration string in JSON, Duration{duration=1} nanoseconds in protobuf.</summary>
    Duration,

    /// <summary>A string (a number is accepted) in JSON, Quantity{string=1} in protobuf.</summary>
    Quantity,
    IntOrString,

    /// <summary>Any JSON object; FieldsV1{Raw=1} in protobuf.</summary>
    FieldsV1,

    /// <summary>Any JSON object; RawExtension{raw=1} in protobuf.</summary>
    RawExtension,

    /// <summary>Any JSON value; JSON{raw=1} in protobuf.</summary>
    Json,

    /// <summary>A list of strings where a list cannot be told by the shape (a map's values); ExtraValue{items=1} in protobuf.</summary>
    Strings,
    Message,
}

internal enum FieldShape
{
    Single,
    List,
    Map,
}

/// <summary>One field of a Kubernetes type: what the decoders, the strategic merge and OpenAPI need to know of it.</summary>
internal sealed record FieldSchema(string Name, int Number, FieldKind Kind, FieldShape Shape)
{
    private TypeSchema? _message;

    /// <summary>The qualified name ("core.Container") when <see cref="Kind"/> is a message.</summary>
    public string? MessageName { get; init; }

    /// <summary>Set for Go's embedded structs: a message in protobuf, its fields part of the parent in JSON.</summary>
    public bool Inline { get; init; }

    /// <summary>Strategic merge joins this list by <see cref="MergeKey"/>, or as a set when there is no key.</summary>
    public bool Merge { get; init; }

    public string? MergeKey { get; init; }

    /// <summary>Strategic merge honours $retainKeys here (unions such as a volume's source).</summary>
    public bool RetainKeys { get; init; }

    /// <summary>Server-side apply owns the value as a whole.</summary>
    public bool Atomic { get; init; }

    /// <summary>Server-side apply owns the list's values one by one.</summary>
    public bool IsSet { get; init; }

    /// <summary>What tells the items of a list apart in server-side apply; not always the key of the strategic merge.</summary>
    public IReadOnlyList<ListKey> ListKeys { get; init; } = [];

    public TypeSchema Message => _message ??= SchemaTable.Kubernetes.Type(MessageName!);
}

/// <summary>A key field of list items and what it is when an item leaves it out.</summary>
internal sealed record ListKey(string Name, string? Default);
