using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.CustomResources.Definitions;

/// <summary>What of JSON schema an openAPIV3Schema may not use, and how list and map types fit their schema.</summary>
internal sealed class SchemaRules(FieldErrors errors)
{
    private static readonly string[] Types = ["array", "boolean", "integer", "number", "object", "string"];

    private static readonly (string Field, string Name)[] Unsupported =
    [
        ("id", "id"), ("additionalItems", "additionalItems"), ("patternProperties", "patternProperties"), ("definitions", "definitions"),
        ("dependencies", "dependencies"), ("$ref", "$ref"),
    ];

    public void Check(JsonObject schema, string field)
    {
        foreach (var (name, shown) in Unsupported.Where(entry => schema.ContainsKey(entry.Field)))
        {
            errors.Forbidden($"{field}.{name}", $"{shown} is not supported");
        }

        switch (schema.Text("type"))
        {
            case null or "":
                break;
            case "null":
                errors.Forbidden($"{field}.type", "type cannot be set to null, use nullable as an alternative");
                break;
            case var type when !Types.Contains(type):
                errors.NotSupported($"{field}.type", type, Types);
                break;
        }

        if (schema.Boolean("uniqueItems") == true)
        {
            errors.Forbidden($"{field}.uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
        }

        if (schema["items"] is JsonArray)
        {
            errors.Forbidden($"{field}.items", "items must be a schema object and not an array");
        }

        if (schema.Boolean("x-kubernetes-preserve-unknown-fields") == false)
        {
            errors.InvalidRaw($"{field}.x-kubernetes-preserve-unknown-fields", "false", "must be true or undefined");
        }

        var additional = schema["additionalProperties"];
        if (additional is JsonObject && schema.Object("properties") is { Count: > 0 })
        {
            errors.Forbidden($"{field}.additionalProperties", "additionalProperties and properties are mutual exclusive");
        }

        if (additional is JsonValue && schema.Boolean("additionalProperties") == false)
        {
            errors.Forbidden($"{field}.additionalProperties", "additionalProperties cannot be set to false");
        }

        CheckTopology(schema, field);
        Descend(schema, field);
    }

    private void Descend(JsonObject schema, string field)
    {
        foreach (var name in new[] { "items", "additionalProperties", "not" })
        {
            if (schema[name] is JsonObject child)
            {
                Check(child, $"{field}.{name}");
            }
        }

        foreach (var (name, value) in schema.Object("properties") ?? [])
        {
            Check(value as JsonObject ?? [], $"{field}.properties[{name}]");
        }

        foreach (var name in new[] { "allOf", "oneOf", "anyOf" })
        {
            var index = 0;
            foreach (var child in schema.Objects(name))
            {
                Check(child, $"{field}.{name}[{index++}]");
            }
        }
    }

    private void CheckTopology(JsonObject schema, string field)
    {
        var listType = schema.Text("x-kubernetes-list-type");
        var keys = schema.Texts("x-kubernetes-list-map-keys").ToArray();
        if (listType is not null)
        {
            if (listType is not ("atomic" or "set" or "map"))
            {
                errors.NotSupported($"{field}.x-kubernetes-list-type", listType, "atomic", "map", "set");
            }

            if (schema.Text("type") != "array")
            {
                Type(schema, field, "must be array if x-kubernetes-list-type is specified");
            }
        }

        if (keys.Length > 0 && listType != "map")
        {
            const string detail = "must be map if x-kubernetes-list-map-keys is non-empty";
            if (listType is null)
            {
                errors.Required($"{field}.x-kubernetes-list-type", detail);
            }
            else
            {
                errors.Invalid($"{field}.x-kubernetes-list-type", listType, detail);
            }
        }

        if (listType == "map")
        {
            CheckMapList(schema, keys, field);
        }

        if (schema.Text("x-kubernetes-map-type") is { } mapType)
        {
            if (mapType is not ("atomic" or "granular"))
            {
                errors.NotSupported($"{field}.x-kubernetes-map-type", mapType, "atomic", "granular");
            }

            if (schema.Text("type") != "object")
            {
                Type(schema, field, "must be object if x-kubernetes-map-type is specified");
            }
        }
    }

    private void CheckMapList(JsonObject schema, string[] keys, string field)
    {
        if (keys.Length == 0)
        {
            errors.Required($"{field}.x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map");
        }

        if (schema.Object("items") is not { } items)
        {
            errors.Required($"{field}.items", "must have a schema if x-kubernetes-list-type is map");
            return;
        }

        if (items.Text("type") != "object")
        {
            errors.Invalid($"{field}.items.type", items.Text("type") ?? "", "must be object if parent array's x-kubernetes-list-type is map");
        }

        for (var i = 0; i < keys.Length; i++)
        {
            if (items.Object("properties", keys[i]) is not { } property)
            {
                errors.Invalid($"{field}.x-kubernetes-list-map-keys[{i}]", keys[i], "entries must all be names of item properties");
                continue;
            }

            if (property.Text("type") is "array" or "object")
            {
                errors.Invalid(
                    $"{field}.items.properties[{keys[i]}].type", property.Text("type")!,
                    "must be a scalar type if parent array's x-kubernetes-list-type is map");
            }

            if (!items.Texts("required").Contains(keys[i]) && property["default"] is null)
            {
                errors.Required(
                    $"{field}.items.properties[{keys[i]}].default",
                    "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property");
            }
        }

        if (keys.Distinct().Count() != keys.Length)
        {
            errors.InvalidRaw(
                $"{field}.x-kubernetes-list-map-keys", schema.Array("x-kubernetes-list-map-keys")!.ToJsonString(), "must not contain duplicate entries");
        }
    }

    private void Type(JsonObject schema, string field, string detail)
    {
        if (schema.Text("type") is { Length: > 0 } type)
        {
            errors.Invalid($"{field}.type", type, detail);
        }
        else
        {
            errors.Required($"{field}.type", detail);
        }
    }
}
