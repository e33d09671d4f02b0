using System.Text.Json.Nodes;
using Dataplane.ControlPlane.CustomResources.Schemas;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.CustomResources.Definitions;

/// <summary>
/// What makes a schema structural: types everywhere, and value validation (allOf, anyOf, oneOf, not) that only speaks of fields the
/// structure has. Source: apiextensions' schema package, KEP-1151.
/// </summary>
internal sealed class StructuralRules(FieldErrors errors)
{
    private enum Level
    {
        Root,
        Item,
        Field,
    }

    private static readonly (string Name, string Rule)[] NotNested =
    [
        ("type", "must be empty to be structural"), ("additionalProperties", "must be undefined to be structural"),
        ("default", "must be undefined to be structural"), ("title", "must be empty to be structural"),
        ("description", "must be empty to be structural"),
        ("nullable", "must be false to be structural"), ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
        ("x-kubernetes-embedded-resource", "must be false to be structural"), ("x-kubernetes-int-or-string", "must be false to be structural"),
        ("x-kubernetes-list-map-keys", "must be empty to be structural"), ("x-kubernetes-list-type", "must be undefined to be structural"),
        ("x-kubernetes-map-type", "must be undefined to be structural"), ("x-kubernetes-validations", "must be empty to be structural"),
    ];

    public void Check(JsonObject schema, string field) => Structure(schema, field, Level.Root);

    private void Structure(JsonObject schema, string field, Level level)
    {
        var type = schema.Text("type") ?? "";
        var embedded = schema.Boolean("x-kubernetes-embedded-resource") == true;
        var preserves = schema.Boolean("x-kubernetes-preserve-unknown-fields") == true;
        var intOrString = schema.Boolean("x-kubernetes-int-or-string") == true;
        if (type == "array" && schema.Object("items") is null)
        {
            errors.Required($"{field}.items", "must be specified");
        }

        if (schema.Object("items") is { } items)
        {
            Structure(items, $"{field}.items", Level.Item);
        }

        foreach (var (name, value) in schema.Object("properties") ?? [])
        {
            var child = $"{field}.properties[{name}]";
            if (name == "metadata" && level == Level.Root)
            {
                RootMetadata(value as JsonObject ?? [], child);
                continue;
            }

            Structure(value as JsonObject ?? [], child, Level.Field);
        }

        if (schema["additionalProperties"] is { } additional)
        {
            if (level == Level.Root)
            {
                errors.Forbidden($"{field}.additionalProperties", "must not be used at the root");
            }

            if (embedded)
            {
                errors.Forbidden($"{field}.additionalProperties", "must not be used if x-kubernetes-embedded-resource is set");
            }

            if (additional is JsonObject values)
            {
                Structure(values, $"{field}.additionalProperties", Level.Field);
            }
        }

        if (intOrString && preserves)
        {
            errors.InvalidRaw($"{field}.x-kubernetes-preserve-unknown-fields", "true", "must be false if x-kubernetes-int-or-string is true");
        }

        if (intOrString && embedded)
        {
            errors.InvalidRaw($"{field}.x-kubernetes-embedded-resource", "true", "must be false if x-kubernetes-int-or-string is true");
        }

        CheckType(type, embedded, preserves || intOrString, field, level);
        if (embedded && !preserves && schema.Object("properties") is not { Count: > 0 })
        {
            errors.Required(
                $"{field}.properties", "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields");
        }

        Values(schema, schema, field, field, intOrString);
    }

    private void CheckType(string type, bool embedded, bool anyType, string field, Level level)
    {
        const string embeddedDetail = "must be object if x-kubernetes-embedded-resource is true";
        if (embedded && type != "object")
        {
            if (type.Length == 0)
            {
                errors.Required($"{field}.type", embeddedDetail);
            }
            else
            {
                errors.Invalid($"{field}.type", type, embeddedDetail);
            }
        }
        else if (type.Length == 0 && !anyType)
        {
            errors.Required($"{field}.type", level switch
            {
                Level.Root => "must not be empty at the root",
                Level.Item => "must not be empty for specified array items",
                _ => "must not be empty for specified object fields",
            });
        }

        if (level == Level.Root && type is not ("" or "object"))
        {
            errors.Invalid($"{field}.type", type, "must be object at the root");
        }
    }

    private void RootMetadata(JsonObject schema, string field)
    {
        if (schema.Text("type") != "object")
        {
            errors.Invalid($"{field}.type", schema.Text("type") ?? "", "must be object");
        }

        var more = schema.Any(entry => entry.Key is not ("type" or "properties" or "description"))
            || (schema.Object("properties") ?? []).Any(property => property.Key is not ("name" or "generateName"));
        if (more)
        {
            errors.Forbidden(field, "must not specify anything other than name and generateName, but metadata is implicitly specified");
        }
    }

    /// <summary>Value validation of one place: its own, or that of a junctor over it.</summary>
    private void Values(JsonObject schema, JsonObject structure, string field, string place, bool intOrString)
    {
        if (schema.Text("pattern") is { Length: > 0 } pattern)
        {
            try
            {
                _ = GoPattern.Compile(pattern);
            }
            catch (ArgumentException failure)
            {
                errors.Invalid($"{field}.pattern", pattern, $"must be a valid regular expression, but isn't: {failure.Message}");
            }
        }

        foreach (var junctor in new[] { "anyOf", "allOf", "oneOf" })
        {
            var parts = schema.Objects(junctor).ToArray();
            if (intOrString && junctor == "anyOf" && IsIntOrString(parts))
            {
                continue;
            }

            for (var i = 0; i < parts.Length; i++)
            {
                Nested(parts[i], structure, $"{field}.{junctor}[{i}]", place, intOrString && junctor == "allOf" && i == 0);
            }
        }

        if (schema.Object("not") is { } not)
        {
            Nested(not, structure, $"{field}.not", place, intOrString: false);
        }
    }

    private void Nested(JsonObject schema, JsonObject? structure, string field, string place, bool intOrString)
    {
        foreach (var (name, rule) in NotNested.Where(entry => IsSet(schema[entry.Name])))
        {
            errors.Forbidden($"{field}.{name}", rule);
        }

        Values(schema, structure ?? [], field, place, intOrString);
        if (schema.Object("items") is { } items)
        {
            if (structure?.Object("items") is null)
            {
                errors.Required($"{place}.items", $"because it is defined in {field}.items");
            }

            Nested(items, structure?.Object("items"), $"{field}.items", $"{place}.items", intOrString: false);
        }

        foreach (var (name, value) in schema.Object("properties") ?? [])
        {
            if (name == "metadata")
            {
                errors.Forbidden($"{field}.properties[metadata]", "must not be specified in a nested context");
            }

            if (structure?.Object("properties", name) is null)
            {
                errors.Required($"{place}.properties[{name}]", $"because it is defined in {field}.properties[{name}]");
            }

            var child = $".properties[{name}]";
            Nested(value as JsonObject ?? [], structure?.Object("properties", name), field + child, place + child, intOrString: false);
        }
    }

    private static bool IsSet(JsonNode? value) => value switch
    {
        null => false,
        JsonValue scalar when scalar.TryGetValue<bool>(out var flag) => flag,
        JsonValue scalar when scalar.TryGetValue<string>(out var text) => text.Length > 0,
        _ => true,
    };

    private static bool IsIntOrString(JsonObject[] parts) =>
        parts is [{ Count: 1 } first, { Count: 1 } second] && first.Text("type") == "integer" && second.Text("type") == "string";
}
