using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Machinery.Json;

/// <summary>
/// JSON of clients that is of no type: of a name given twice the last one counts, as in Go. JsonNode's own parser lets such an
/// object pass and fails at its first use.
/// </summary>
internal static class ClientJson
{
    private const int MaxDepth = 128;

    /// <param name="json">What <see cref="JsonBytes.Clean"/> has seen.</param>
    /// <exception cref="JsonException">Not JSON, or too deep.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        reader.Read();
        var node = Read(ref reader);
        while (reader.Read())
        {
            // Bytes after the value make Read throw.
        }

        return node;
    }

    /// <summary>The value a reader is at; afterwards it is at the value's end.</summary>
    public static JsonNode? Read(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var obj = new JsonObject();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var name = reader.GetString()!;
                    reader.Read();
                    obj[name] = Read(ref reader);
                }

                return obj;
            case JsonTokenType.StartArray:
                var list = new JsonArray();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    list.Add(Read(ref reader));
                }

                return list;
            case JsonTokenType.String:
                return reader.GetString();
            case JsonTokenType.Number:
                return JsonValue.Create(JsonElement.ParseValue(ref reader));
            case JsonTokenType.True or JsonTokenType.False:
                return reader.GetBoolean();
            default:
                return null;
        }
    }
}
