using System.Text.Json.Nodes;
using Dataplane.Api;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Machinery.Discovery;

/// <summary>The documents of OpenAPI v3 as one of v2 (Swagger 2.0), which cannot say as much: unions and nullable are left out.</summary>
internal static class OpenApiV2
{
    private const string Components = "#/components/schemas/";
    private static readonly string[] NotInV2 = ["oneOf", "anyOf", "not", "nullable", "default", "deprecated"];

    /// <param name="documents">Each a document of its own; they may be taken apart.</param>
    public static JsonObject Merge(IEnumerable<JsonObject> documents)
    {
        var paths = new JsonObject();
        var definitions = new JsonObject();
        foreach (var document in documents)
        {
            foreach (var (name, schema) in document.Object("components", "schemas") ?? [])
            {
                definitions[name] ??= Schema((JsonObject)schema!);
            }

            foreach (var (path, operations) in document.Object("paths") ?? [])
            {
                paths[path] = Each((JsonObject)operations!, Operation);
            }
        }

        return new JsonObject
        {
            ["swagger"] = "2.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = KubernetesVersion.Git },
            ["paths"] = paths,
            ["definitions"] = definitions,
        };
    }

    private static JsonObject Each(JsonObject obj, Func<JsonObject, JsonObject> convert) =>
        new([.. obj.Select(field => KeyValuePair.Create(field.Key, (JsonNode?)convert(field.Value as JsonObject ?? [])))]);

    private static JsonObject Schema(JsonObject schema)
    {
        // A reference beside other words is wrapped in v3.
        if (schema.Array("allOf") is [JsonObject wrapped] && wrapped.Text("$ref") is { } reference)
        {
            var bare = new JsonObject { ["$ref"] = reference.Replace(Components, "#/definitions/", StringComparison.Ordinal) };
            if (schema.Text("description") is { } text)
            {
                bare["description"] = text;
            }

            return bare;
        }

        var converted = new JsonObject();
        foreach (var (name, value) in schema)
        {
            switch (name, value)
            {
                case ("properties", JsonObject properties):
                    converted[name] = Each(properties, Schema);
                    break;
                case ("items" or "additionalProperties", JsonObject child):
                    converted[name] = Schema(child);
                    break;
                case ("allOf", JsonArray parts):
                    converted[name] = new JsonArray([.. parts.OfType<JsonObject>().Select(Schema)]);
                    break;
                default:
                    if (!NotInV2.Contains(name))
                    {
                        converted[name] = value?.DeepClone();
                    }

                    break;
            }
        }

        // IntOrString and Quantity are one of two types: v2 calls them strings.
        if (schema.ContainsKey("oneOf") && !converted.ContainsKey("type"))
        {
            converted["type"] = "string";
        }

        return converted;
    }

    private static JsonObject Operation(JsonObject operation)
    {
        var converted = new JsonObject();
        foreach (var (name, value) in operation)
        {
            if (name is not ("requestBody" or "parameters"))
            {
                converted[name] = value?.DeepClone();
            }
        }

        var parameters = new JsonArray();
        if (operation.Object("requestBody", "content") is { } content)
        {
            converted["consumes"] = new JsonArray([.. content.Select(type => JsonValue.Create(type.Key))]);
            parameters.Add(new JsonObject
            {
                ["name"] = "body",
                ["in"] = "body",
                ["required"] = true,
                ["schema"] = new JsonObject { ["type"] = "object" },
            });
        }

        foreach (var parameter in operation.Objects("parameters"))
        {
            parameters.Add(new JsonObject
            {
                ["name"] = parameter.Text("name"),
                ["in"] = parameter.Text("in"),
                ["type"] = parameter.Text("schema", "type"),
                ["uniqueItems"] = true,
            });
        }

        converted["parameters"] = parameters;
        return converted;
    }
}
