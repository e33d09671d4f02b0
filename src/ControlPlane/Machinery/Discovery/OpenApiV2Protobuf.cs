using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.Machinery.Discovery;

/// <summary>
/// An OpenAPI v2 document in protobuf. Source of the numbers: gnostic's openapiv2/OpenAPIv2.proto. Maps are lists of {name = 1, value = 2},
/// and what is no part of the specification is YAML text, for which JSON will do.
/// </summary>
internal static class OpenApiV2Protobuf
{
    private static readonly (string Name, int Number)[] Methods = [("get", 2), ("put", 3), ("post", 4), ("delete", 5), ("patch", 8)];

    public static ReadOnlyMemory<byte> Encode(JsonObject document)
    {
        var writer = new ProtobufWriter();
        Text(writer, 1, document, "swagger");
        var info = new ProtobufWriter();
        Text(info, 1, document.Object("info")!, "title");
        Text(info, 2, document.Object("info")!, "version");
        writer.Message(2, info);
        var paths = new ProtobufWriter();
        foreach (var (path, operations) in document.Object("paths") ?? [])
        {
            paths.Message(2, Named(path, PathItem((JsonObject)operations!)));
        }

        writer.Message(8, paths);
        writer.Message(9, Schemas(document.Object("definitions") ?? []));
        return writer.Written;
    }

    private static ProtobufWriter PathItem(JsonObject operations)
    {
        var item = new ProtobufWriter();
        foreach (var (name, number) in Methods)
        {
            if (operations.Object(name) is { } operation)
            {
                item.Message(number, Operation(operation));
            }
        }

        return item;
    }

    private static ProtobufWriter Operation(JsonObject operation)
    {
        var writer = new ProtobufWriter();
        Text(writer, 5, operation, "operationId");
        foreach (var type in operation.Texts("consumes"))
        {
            writer.Text(7, type);
        }

        foreach (var parameter in operation.Objects("parameters"))
        {
            var item = new ProtobufWriter();
            item.Message(1, Parameter(parameter));
            writer.Message(8, item);
        }

        var responses = new ProtobufWriter();
        foreach (var (code, response) in operation.Object("responses") ?? [])
        {
            var content = new ProtobufWriter();
            Text(content, 1, (JsonObject)response!, "description");
            var value = new ProtobufWriter();
            value.Message(1, content);
            responses.Message(1, Named(code, value));
        }

        writer.Message(9, responses);
        Extensions(writer, 13, operation);
        return writer;
    }

    private static ProtobufWriter Parameter(JsonObject parameter)
    {
        var writer = new ProtobufWriter();
        var content = new ProtobufWriter();
        if (parameter.Text("in") == "body")
        {
            Text(content, 2, parameter, "name");
            Text(content, 3, parameter, "in");
            content.Varint(4, 1);
            content.Message(5, Schema(parameter.Object("schema") ?? []));
            writer.Message(1, content);
            return writer;
        }

        Text(content, 2, parameter, "in");
        Text(content, 4, parameter, "name");
        Text(content, 6, parameter, "type");
        content.Varint(20, 1);
        var query = new ProtobufWriter();
        query.Message(3, content);
        writer.Message(2, query);
        return writer;
    }

    private static ProtobufWriter Schemas(JsonObject schemas)
    {
        var writer = new ProtobufWriter();
        foreach (var (name, schema) in schemas)
        {
            writer.Message(1, Named(name, Schema(schema as JsonObject ?? [])));
        }

        return writer;
    }

    private static ProtobufWriter Schema(JsonObject schema)
    {
        var writer = new ProtobufWriter();
        Text(writer, 1, schema, "$ref");
        Text(writer, 2, schema, "format");
        Text(writer, 3, schema, "title");
        Text(writer, 4, schema, "description");
        Text(writer, 13, schema, "pattern");
        foreach (var name in schema.Texts("required"))
        {
            writer.Text(19, name);
        }

        foreach (var value in schema.Array("enum") ?? [])
        {
            writer.Message(20, Any(value));
        }

        if (schema["additionalProperties"] is { } additional)
        {
            var item = new ProtobufWriter();
            if (additional is JsonObject child)
            {
                item.Message(1, Schema(child));
            }
            else
            {
                item.Varint(2, additional.GetValue<bool>() ? 1 : 0);
            }

            writer.Message(21, item);
        }

        if (schema.Text("type") is { } type)
        {
            var item = new ProtobufWriter();
            item.Text(1, type);
            writer.Message(22, item);
        }

        if (schema.Object("items") is { } items)
        {
            var item = new ProtobufWriter();
            item.Message(1, Schema(items));
            writer.Message(23, item);
        }

        if (schema.Object("properties") is { } properties)
        {
            writer.Message(25, Schemas(properties));
        }

        Extensions(writer, 31, schema);
        return writer;
    }

    private static void Extensions(ProtobufWriter writer, int number, JsonObject obj)
    {
        foreach (var (name, value) in obj.Where(field => field.Key.StartsWith("x-", StringComparison.Ordinal)))
        {
            writer.Message(number, Named(name, Any(value)));
        }
    }

    private static ProtobufWriter Any(JsonNode? value)
    {
        var any = new ProtobufWriter();
        any.Text(2, value is null ? "null" : ObjectJson.Text(ObjectJson.Encode(value)) + "\n");
        return any;
    }

    private static ProtobufWriter Named(string name, ProtobufWriter value)
    {
        var entry = new ProtobufWriter();
        entry.Text(1, name);
        entry.Message(2, value);
        return entry;
    }

    private static void Text(ProtobufWriter writer, int number, JsonObject obj, string name)
    {
        if (obj.Text(name) is { Length: > 0 } text)
        {
            writer.Text(number, text);
        }
    }
}
