using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.CustomResources.Schemas;

/// <summary>
/// An openAPIV3Schema as it is worked with: what a value is made of, and what it must satisfy. Immutable; shared by all requests.
/// </summary>
internal sealed class StructuralSchema
{
    private static readonly IReadOnlyDictionary<string, StructuralSchema> None = new Dictionary<string, StructuralSchema>();

    private StructuralSchema(JsonObject source)
    {
        Source = source;
        Type = source.Text("type") ?? "";
        Format = source.Text("format") ?? "";
        Nullable = source.Boolean("nullable") == true;
        Default = source["default"];
        Properties = source.Object("properties") is { Count: > 0 } properties
            ? properties.ToDictionary(property => property.Key, property => Parse(property.Value as JsonObject ?? []), StringComparer.Ordinal)
            : None;
        Items = source.Object("items") is { } items ? Parse(items) : null;
        AdditionalProperties = source.Object("additionalProperties") is { } additional ? Parse(additional) : null;
        HasAdditionalProperties = AdditionalProperties is not null || source.Boolean("additionalProperties") == true;
        PreservesUnknownFields = source.Boolean("x-kubernetes-preserve-unknown-fields") == true;
        IsEmbeddedResource = source.Boolean("x-kubernetes-embedded-resource") == true;
        IsIntOrString = source.Boolean("x-kubernetes-int-or-string") == true;
        ListType = source.Text("x-kubernetes-list-type") ?? "";
        ListMapKeys = [.. source.Texts("x-kubernetes-list-map-keys")];
        MapType = source.Text("x-kubernetes-map-type") ?? "";
        Required = [.. source.Texts("required")];
        Enum = source.Array("enum");
        Pattern = source.Text("pattern");
        Expression = Pattern is null ? null : GoPattern.Compile(Pattern);
        AllOf = List("allOf");
        AnyOf = List("anyOf");
        OneOf = List("oneOf");
        Not = source.Object("not") is { } not ? Parse(not) : null;
        HasDefaults = Default is not null || Properties.Values.Any(property => property.HasDefaults)
            || Items is { HasDefaults: true } || AdditionalProperties is { HasDefaults: true };
    }

    /// <summary>The document it was read from; not to be changed.</summary>
    public JsonObject Source { get; }

    /// <summary>Empty when any type will do.</summary>
    public string Type { get; }

    public string Format { get; }

    public bool Nullable { get; }

    public JsonNode? Default { get; }

    public IReadOnlyDictionary<string, StructuralSchema> Properties { get; }

    public StructuralSchema? Items { get; }

    /// <summary>Schema of a map's values; null also when any value will do.</summary>
    public StructuralSchema? AdditionalProperties { get; }

    public bool HasAdditionalProperties { get; }

    public bool PreservesUnknownFields { get; }

    public bool IsEmbeddedResource { get; }

    public bool IsIntOrString { get; }

    /// <summary>atomic, set, map or empty, which is atomic.</summary>
    public string ListType { get; }

    public IReadOnlyList<string> ListMapKeys { get; }

    /// <summary>atomic, granular or empty, which is granular.</summary>
    public string MapType { get; }

    public IReadOnlyList<string> Required { get; }

    public JsonArray? Enum { get; }

    public string? Pattern { get; }

    public Regex? Expression { get; }

    public IReadOnlyList<StructuralSchema> AllOf { get; }

    public IReadOnlyList<StructuralSchema> AnyOf { get; }

    public IReadOnlyList<StructuralSchema> OneOf { get; }

    public StructuralSchema? Not { get; }

    /// <summary>A default is here or below.</summary>
    public bool HasDefaults { get; }

    /// <exception cref="ArgumentException">A pattern that is no regular expression.</exception>
    public static StructuralSchema Parse(JsonObject source) => new(source);

    /// <summary>A limit such as maxLength.</summary>
    public double? Number(string name) => Source[name] is JsonValue value && JsonNumber.TryRead(value, out var number) ? number : null;

    public bool Flag(string name) => Source.Boolean(name) == true;

    private StructuralSchema[] List(string name) => [.. Source.Objects(name).Select(Parse)];
}
