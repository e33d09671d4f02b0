using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Dataplane.Api.Json;

/// <summary>
/// Reads equal JSON as the same instance: pods of one template have their environment, probes and resources in common. Only for
/// objects that nobody changes. A table of fixed size, from the JSON to what it says.
/// </summary>
/// <param name="plain">Reads a value that is not known yet.</param>
internal sealed class SharedValueConverter<T>(JsonSerializerOptions plain) : JsonConverter<T>
    where T : class
{
    private const int Slots = 256;
    private const int Longest = 4096;

    private readonly JsonTypeInfo<T> _type = (JsonTypeInfo<T>)plain.GetTypeInfo(typeof(T));
    private readonly Known?[] _slots = new Known?[Slots];

    public override T? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        var json = JsonMarshal.GetRawUtf8Value(document.RootElement);
        if (json.Length > Longest)
        {
            return JsonSerializer.Deserialize(json, _type);
        }

        var hash = default(HashCode);
        hash.AddBytes(json);
        ref var slot = ref _slots[(uint)hash.ToHashCode() % Slots];
        if (Volatile.Read(ref slot) is { } known && known.Json.AsSpan().SequenceEqual(json))
        {
            return known.Value;
        }

        var read = JsonSerializer.Deserialize(json, _type);
        if (read is not null)
        {
            Volatile.Write(ref slot, new Known(json.ToArray(), read));
        }

        return read;
    }

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => JsonSerializer.Serialize(writer, value, _type);

    private sealed record Known(byte[] Json, T Value);
}
