using System.Text.Json.Nodes;
using Dataplane.ControlPlane.CustomResources.Schemas;
using Dataplane.ControlPlane.Machinery.Errors;

namespace Dataplane.ControlPlane.CustomResources.Definitions;

/// <summary>A default must be a value its own schema takes.</summary>
internal static class DefaultRules
{
    public static void Check(StructuralSchema schema, string field, FieldErrors errors)
    {
        if (schema.Default is { } value)
        {
            CheckDefault(value, schema, $"{field}.default", errors);
        }

        foreach (var (name, property) in schema.Properties)
        {
            Check(property, $"{field}.properties[{name}]", errors);
        }

        if (schema.Items is { } items)
        {
            Check(items, $"{field}.items", errors);
        }

        if (schema.AdditionalProperties is { } additional)
        {
            Check(additional, $"{field}.additionalProperties", errors);
        }
    }

    private static void CheckDefault(JsonNode value, StructuralSchema schema, string field, FieldErrors errors)
    {
        if (value is JsonObject obj && Pruning.Prune((JsonObject)obj.DeepClone(), schema).Count > 0)
        {
            errors.InvalidRaw(field, value.ToJsonString(), "must not have unknown fields");
        }

        // Defaults of the parts are applied first: a default may leave them to those.
        var filled = value.DeepClone();
        if (filled is JsonObject whole)
        {
            Defaulting.Apply(whole, schema);
        }

        foreach (var error in SchemaValidation.Validate(filled, schema, field))
        {
            errors.Add(error.Field, error.Reason, error.Text);
        }
    }
}
