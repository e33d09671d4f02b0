using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dataplane.Api.Json;

/// <summary>
/// Reads the words that thousands of objects repeat (names of conditions, images, labels, nodes) as one string each. A table of
/// fixed size: a word that another has driven out is read anew, no more.
/// </summary>
internal sealed class SharedStringConverter : JsonConverter<string>
{
    private const int Slots = 8192;
    private const int Longest = 128;

    private readonly string?[] _slots = new string?[Slots];

    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Shared(ref reader);

    public override string ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Shared(ref reader)!;

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);

    public override void WriteAsPropertyName(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WritePropertyName(value);

    private string? Shared(ref Utf8JsonReader reader)
    {
        if (reader.HasValueSequence || reader.ValueIsEscaped || reader.ValueSpan.Length is 0 or > Longest
            || reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
        {
            return reader.GetString();
        }

        var bytes = reader.ValueSpan;
        var hash = default(HashCode);
        hash.AddBytes(bytes);
        ref var slot = ref _slots[(uint)hash.ToHashCode() % Slots];

        // Two threads may put different words here: either reads its own right.
        if (Volatile.Read(ref slot) is { } known && Ascii.Equals(bytes, known))
        {
            return known;
        }

        var read = reader.GetString();
        Volatile.Write(ref slot, read);
        return read;
    }
}
