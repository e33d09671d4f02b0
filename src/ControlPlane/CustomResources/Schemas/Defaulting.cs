using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.CustomResources.Schemas;

/// <summary>Fills in a schema's defaults, and takes out nulls that a field may not be.</summary>
internal static class Defaulting
{
    /// <summary>Defaults in place; metadata of the object itself is left alone.</summary>
    public static void Apply(JsonObject obj, StructuralSchema schema) => Object(obj, schema, isRoot: true);

    private static void Value(JsonNode? value, StructuralSchema? schema)
    {
        switch (value)
        {
            case JsonObject obj when schema is not null:
                Object(obj, schema, isRoot: false);
                break;
            case JsonArray list when schema?.Items is not null:
                for (var i = 0; i < list.Count; i++)
                {
                    if (list[i] is null && schema.Items is { Nullable: false, Default: { } fallback })
                    {
                        list[i] = fallback.DeepClone();
                    }

                    Value(list[i], schema.Items);
                }

                break;
        }
    }

    private static void Object(JsonObject obj, StructuralSchema schema, bool isRoot)
    {
        foreach (var (name, property) in schema.Properties)
        {
            if (isRoot && name is "metadata" or "apiVersion" or "kind")
            {
                continue;
            }

            var present = obj.TryGetPropertyValue(name, out var value);
            if (value is null && property.Default is not null && !(present && property.Nullable))
            {
                obj[name] = property.Default.DeepClone();
            }
            else if (present && value is null && !property.Nullable)
            {
                obj.Remove(name);
            }

            Value(obj[name], property);
        }

        if (schema.AdditionalProperties is not { } additional)
        {
            return;
        }

        foreach (var (name, value) in obj.ToArray())
        {
            if (schema.Properties.ContainsKey(name))
            {
                continue;
            }

            if (value is null && !additional.Nullable)
            {
                if (additional.Default is null)
                {
                    obj.Remove(name);
                    continue;
                }

                obj[name] = additional.Default.DeepClone();
            }

            Value(obj[name], additional);
        }
    }
}
