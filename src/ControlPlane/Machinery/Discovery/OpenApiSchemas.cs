using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Schema;
using Dataplane.ControlPlane.Resources;

namespace Dataplane.ControlPlane.Machinery.Discovery;

/// <summary>components.schemas of one document: the kinds of a group-version and every type they reach.</summary>
internal sealed class OpenApiSchemas(SchemaDescriptions descriptions)
{
    private const string MetaPackage = "io.k8s.apimachinery.pkg.apis.meta.v1";

    public const string ApiVersionText =
        "Group and version of the API this object is written in, \"apps/v1\" for example; the core group has no name.";
    public const string KindText = "What the object is, in CamelCase and the singular: \"Deployment\" for example. It cannot be changed.";

    public JsonObject Document { get; } = [];

    public static JsonObject GroupVersionKind(ResourceNames names) =>
        new() { ["group"] = names.Group, ["version"] = names.Version, ["kind"] = names.Kind };

    /// <summary>Adds a kind with apiVersion and kind, and its list.</summary>
    public void AddKind(TypeSchema type, ResourceNames names)
    {
        AddType(type);
        var schema = (JsonObject)Document[NameOf(type)]!;
        var properties = (JsonObject)schema["properties"]!;
        properties.Insert(0, "apiVersion", Described(Scalar("string"), ApiVersionText));
        properties.Insert(1, "kind", Described(Scalar("string"), KindText));
        schema["x-kubernetes-group-version-kind"] = new JsonArray(GroupVersionKind(names));
        AddList(NameOf(type), NameOf(type) + "List", names);
    }

    /// <summary>Adds a kind whose schema comes from elsewhere, and its list.</summary>
    public void AddKind(string name, string listName, JsonObject schema, ResourceNames names)
    {
        Document[name] = schema;
        AddList(name, listName, names);
    }

    private void AddList(string name, string listName, ResourceNames names) =>
        Document[listName] = new JsonObject
        {
            ["type"] = "object",
            ["required"] = new JsonArray("items"),
            ["properties"] = new JsonObject
            {
                ["apiVersion"] = Scalar("string"),
                ["kind"] = Scalar("string"),
                ["items"] = new JsonObject { ["type"] = "array", ["items"] = Reference(name) },
                ["metadata"] = Message(SchemaTable.Kubernetes.Type("meta.ListMeta")),
            },
            ["x-kubernetes-group-version-kind"] = new JsonArray(GroupVersionKind(names with { Kind = names.ListKind })),
        };

    public void AddType(TypeSchema type)
    {
        var name = NameOf(type);
        if (Document.ContainsKey(name))
        {
            return;
        }

        var schema = Described(new JsonObject { ["type"] = "object" }, descriptions.Of(type));
        Document[name] = schema;
        if (type.Atomic)
        {
            schema["x-kubernetes-map-type"] = "atomic";
        }

        var properties = new JsonObject();
        var required = new JsonArray();
        foreach (var (owner, field) in Fields(type).OrderBy(entry => entry.Field.Name, StringComparer.Ordinal))
        {
            var description = descriptions.Of(owner, field);
            properties[field.Name] = Described(Property(field), description?.Text);
            if (description is { IsRequired: true })
            {
                required.Add(field.Name);
            }
        }

        schema["properties"] = properties;
        if (required.Count > 0)
        {
            schema["required"] = required;
        }
    }

    /// <summary>The fields of JSON with the type whose table has them: embedded ones are described there.</summary>
    private static IEnumerable<(TypeSchema Owner, FieldSchema Field)> Fields(TypeSchema type) =>
        type.Fields.SelectMany(field => field.Inline ? Fields(field.Message) : [(type, field)]);

    private JsonObject Property(FieldSchema field)
    {
        switch (field.Shape)
        {
            case FieldShape.Map:
                var map = new JsonObject { ["type"] = "object", ["additionalProperties"] = Element(field) };
                if (field.Atomic)
                {
                    map["x-kubernetes-map-type"] = "atomic";
                }

                return map;
            case FieldShape.List:
                return ListProperty(field);
            default:
                var element = Element(field);
                if (field.RetainKeys)
                {
                    // kubectl names the fields it keeps only where it is told to: another strategy would keep the old one's fields.
                    element["x-kubernetes-patch-strategy"] = "retainKeys";
                }

                return element;
        }
    }

    private JsonObject ListProperty(FieldSchema field)
    {
        var list = new JsonObject { ["type"] = "array", ["items"] = Element(field) };
        if (field.Merge)
        {
            list["x-kubernetes-patch-strategy"] = field.RetainKeys ? "merge,retainKeys" : "merge";
        }

        if (field.MergeKey is { } key)
        {
            list["x-kubernetes-patch-merge-key"] = key;
        }

        if (field.ListKeys.Count > 0 && !field.Atomic)
        {
            list["x-kubernetes-list-map-keys"] = new JsonArray([.. field.ListKeys.Select(entry => JsonValue.Create(entry.Name))]);
            list["x-kubernetes-list-type"] = "map";
        }
        else
        {
            list["x-kubernetes-list-type"] = field.IsSet && !field.Atomic ? "set" : "atomic";
        }

        return list;
    }

    private JsonObject Element(FieldSchema field) => field.Kind switch
    {
        FieldKind.Message when field.Message.Either => [],
        FieldKind.Message => Message(field.Message),
        FieldKind.Bool => Scalar("boolean"),
        FieldKind.Int32 => Scalar("integer", "int32"),
        FieldKind.Int64 => Scalar("integer", "int64"),
        FieldKind.Double => Scalar("number", "double"),
        FieldKind.Bytes => Scalar("string", "byte"),
        FieldKind.Time => Named($"{MetaPackage}.Time", Scalar("string", "date-time")),
        FieldKind.MicroTime => Named($"{MetaPackage}.MicroTime", Scalar("string", "date-time")),
        FieldKind.IntOrString => Named("io.k8s.apimachinery.pkg.util.intstr.IntOrString", new JsonObject
        {
            ["format"] = "int-or-string",
            ["oneOf"] = new JsonArray(Scalar("integer"), Scalar("string")),
        }),
        FieldKind.Quantity => Named("io.k8s.apimachinery.pkg.api.resource.Quantity", new JsonObject
        {
            ["oneOf"] = new JsonArray(Scalar("string"), Scalar("number")),
        }),
        FieldKind.FieldsV1 => Named($"{MetaPackage}.FieldsV1", Scalar("object")),
        FieldKind.Json => [],
        FieldKind.Strings => new JsonObject { ["type"] = "array", ["items"] = Scalar("string") },
        FieldKind.RawExtension => Named("io.k8s.apimachinery.pkg.runtime.RawExtension", Scalar("object")),
        _ => Scalar("string"),
    };

    /// <summary>A reference to a type, which is added with all it reaches.</summary>
    public JsonObject Message(TypeSchema type)
    {
        AddType(type);
        return Reference(NameOf(type));
    }

    private JsonObject Named(string name, JsonObject schema)
    {
        if (!Document.ContainsKey(name))
        {
            Document[name] = schema;
        }

        return Reference(name);
    }

    // In OpenAPI 3.0 nothing may stand beside a bare $ref; upstream wraps them the same way.
    private static JsonObject Reference(string name) =>
        new() { ["allOf"] = new JsonArray(new JsonObject { ["$ref"] = $"#/components/schemas/{name}" }), ["default"] = new JsonObject() };

    private static JsonObject Scalar(string type, string? format = null)
    {
        var schema = new JsonObject { ["type"] = type };
        if (format is not null)
        {
            schema["format"] = format;
        }

        return schema;
    }

    private static JsonObject Described(JsonObject schema, string? text)
    {
        if (text is not null)
        {
            schema["description"] = text;
        }

        return schema;
    }

    private static string NameOf(TypeSchema type)
    {
        var group = type.Name[..type.Name.IndexOf('.', StringComparison.Ordinal)];
        if (group.EndsWith("v2", StringComparison.Ordinal))
        {
            return $"io.k8s.api.{group[..^2]}.v2.{type.GoName}";
        }

        return group switch
        {
            "meta" => $"{MetaPackage}.{type.GoName}",
            "apiregistration" => $"io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.{type.GoName}",
            "metrics" => $"io.k8s.metrics.pkg.apis.metrics.v1beta1.{type.GoName}",
            _ => $"io.k8s.api.{group}.v1.{type.GoName}",
        };
    }
}
