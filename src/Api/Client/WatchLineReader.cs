using System.Buffers;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Dataplane.Api.Client;

/// <summary>Reads one line of a watch: <c>{"type":"ADDED","object":{...}}</c>, members in any order.</summary>
internal static class WatchLineReader
{
    /// <exception cref="ApiException">The line is an ERROR event.</exception>
    /// <exception cref="JsonException">The line is not a watch event.</exception>
    public static WatchEvent<T> Read<T>(ReadOnlySequence<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        string? type = null;
        var body = default(Utf8JsonReader);
        var hasBody = false;
        Expect(reader.Read() && reader.TokenType == JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = reader.ValueTextEquals("type"u8);
            var isObject = reader.ValueTextEquals("object"u8);
            Expect(reader.Read());
            if (isType)
            {
                type = reader.GetString();
                continue;
            }

            if (isObject)
            {
                body = reader;
                hasBody = true;
            }

            reader.Skip();
        }

        Expect(type is not null && hasBody);
        if (type == "ERROR")
        {
            var status = JsonSerializer.Deserialize(ref body, TypeInfo<Status>()) ?? new Status();
            throw new ApiException(status, (HttpStatusCode)(status.Code ?? 500));
        }

        var obj = JsonSerializer.Deserialize(ref body, TypeInfo<T>());
        Expect(obj is not null);
        return new WatchEvent<T>(
            type switch
            {
                "ADDED" => WatchEventType.Added,
                "MODIFIED" => WatchEventType.Modified,
                "DELETED" => WatchEventType.Deleted,
                "BOOKMARK" => WatchEventType.Bookmark,
                _ => throw new JsonException($"unknown watch event type \"{type}\""),
            },
            obj!);
    }

    private static JsonTypeInfo<T> TypeInfo<T>() => (JsonTypeInfo<T>)ApiJson.Reading.GetTypeInfo(typeof(T));

    private static void Expect(bool condition)
    {
        if (!condition)
        {
            throw new JsonException("a line of the watch is not a watch event");
        }
    }
}
