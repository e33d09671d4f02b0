using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dataplane.Api.Json;

/// <summary>meta/v1 Time: RFC 3339, UTC, whole seconds.</summary>
internal sealed class TimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        TimeText.Read(ref reader);

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        TimeText.Write(writer, value, "yyyy-MM-ddTHH:mm:ssZ");
}

/// <summary>meta/v1 MicroTime: always six digits, because Go's parser of it demands them.</summary>
internal sealed class MicroTimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        TimeText.Read(ref reader);

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        TimeText.Write(writer, value, "yyyy-MM-ddTHH:mm:ss.ffffffZ");
}

file static class TimeText
{
    public static DateTimeOffset Read(ref Utf8JsonReader reader) =>
        reader.TryGetDateTimeOffset(out var time) ? time.ToUniversalTime() : throw new JsonException("not an RFC 3339 time");

    public static void Write(Utf8JsonWriter writer, DateTimeOffset value, string format)
    {
        Span<byte> text = stackalloc byte[32];
        value.UtcDateTime.TryFormat(text, out var length, format, CultureInfo.InvariantCulture);
        writer.WriteStringValue(text[..length]);
    }
}
