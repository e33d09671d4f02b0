using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dataplane.ControlPlane.Machinery.Json;

/// <summary>Between JSON documents and the bytes that are stored and sent.</summary>
internal static class ObjectJson
{
    // The clients are not browsers: without this every '<' in an annotation would be six bytes.
    internal static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    // As deep as objects are accepted, and the root.
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 130 };

    public static byte[] Encode(JsonNode node)
    {
        using var writing = JsonBuffer.Rent();
        node.WriteTo(writing.Writer);
        return writing.Written.ToArray();
    }

    /// <exception cref="JsonException">Not a JSON object.</exception>
    public static JsonObject Decode(ReadOnlySpan<byte> json) =>
        Parse(json) is { ValueKind: JsonValueKind.Object } element ? JsonObject.Create(element)! : throw new JsonException("not a JSON object");

    /// <summary>A document that is read only where it is looked at.</summary>
    public static JsonElement Parse(ReadOnlySpan<byte> json) => JsonElement.Parse(json, Deep);

    /// <summary>metav1.Time: RFC 3339, seconds, UTC.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>metav1.MicroTime: RFC 3339 with six decimals.</summary>
    public static string MicroTime(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    public static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
}
