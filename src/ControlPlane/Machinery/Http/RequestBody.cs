using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Schema;
using Dataplane.ControlPlane.Resources;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>Bodies: their size limit, their encodings, their validation against a type.</summary>
internal static class RequestBody
{
    /// <summary>etcd's own limit made this the limit of every request.</summary>
    public const int MaxBytes = 3 * 1024 * 1024;

    private const string Accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

    /// <exception cref="StatusException">413 over 3 MiB.</exception>
    public static async Task<byte[]> ReadAsync(HttpContext http)
    {
        if (http.Request.ContentLength > MaxBytes)
        {
            throw StatusException.TooLarge();
        }

        using var buffer = new MemoryStream((int)(http.Request.ContentLength ?? 4096));
        var chunk = new byte[16 * 1024];
        while (await http.Request.Body.ReadAsync(chunk, http.RequestAborted) is var count and > 0)
        {
            if (buffer.Length + count > MaxBytes)
            {
                throw StatusException.TooLarge();
            }

            buffer.Write(chunk, 0, count);
        }

        return buffer.ToArray();
    }

    /// <summary>The object in the body of a POST or PUT, checked against the kind of the path.</summary>
    public static Task<JsonObject> ReadObjectAsync(HttpContext http, ResourceDescriptor descriptor) => descriptor.IsCustom
        ? ReadObjectAsync(http, descriptor.Names, null, descriptor.Decode)
        : ReadObjectAsync(http, descriptor.Names, descriptor.SchemaName);

    /// <summary>The same for a body that is not of the kind of the path (a Scale, a Binding).</summary>
    public static Task<JsonObject> ReadObjectAsync(HttpContext http, ResourceNames names, string schemaName) =>
        ReadObjectAsync(http, names, schemaName, json => SchemaJsonDecoder.Decode(json, SchemaTable.Kubernetes.Type(schemaName)));

    private static async Task<JsonObject> ReadObjectAsync(
        HttpContext http, ResourceNames names, string? schemaName, Func<ReadOnlySpan<byte>, DecodedObject> decode)
    {
        var json = ToJson(await ReadAsync(http), MediaType(http), schemaName);
        var decoded = Decode(json, names.Kind, names.Version, decode);
        var apiVersion = decoded.Object.Text("apiVersion") ?? "";
        var kind = decoded.Object.Text("kind") ?? "";
        if (apiVersion.Length > 0 && apiVersion != names.ApiVersion)
        {
            throw StatusException.BadRequest(
                $"the API version in the data ({apiVersion}) does not match the expected API version ({names.ApiVersion})");
        }

        if (kind.Length > 0 && kind != names.Kind)
        {
            throw StatusException.BadRequest($"{kind} in version \"{names.Version}\" cannot be handled as a {names.Kind}: kinds differ");
        }

        FieldValidation.Report(http, decoded.StrictErrors, errors =>
            StatusException.BadRequest($"{names.Kind} in version \"{names.Version}\" cannot be handled as a {names.Kind}: {errors}"));
        return decoded.Object;
    }

    /// <summary>Options in a body that may be empty (DeleteOptions).</summary>
    public static async Task<JsonObject> ReadOptionsAsync(HttpContext http, string kind, string schemaName)
    {
        var body = await ReadAsync(http);
        return body.Length == 0
            ? []
            : Decode(ToJson(body, MediaType(http), schemaName), kind, "v1", json => SchemaJsonDecoder.Decode(json, SchemaTable.Kubernetes.Type(schemaName))).Object;
    }

    /// <summary>The Content-Type without its parameters; JSON when there is none.</summary>
    public static string MediaType(HttpContext http)
    {
        var type = http.Request.ContentType ?? "";
        var end = type.IndexOf(';', StringComparison.Ordinal);
        var bare = (end < 0 ? type : type[..end]).Trim();
        return bare.Length == 0 ? "application/json" : bare;
    }

    private static byte[] ToJson(byte[] body, string mediaType, string? schemaName) => mediaType switch
    {
        "application/json" => body,
        "application/yaml" => YamlToJson.Convert(body),
        ProtobufDecoder.MediaType when schemaName is not null => FromProtobuf(body, schemaName),
        _ => throw StatusException.UnsupportedMediaType(schemaName is null ? "application/json, application/yaml" : Accepted),
    };

    private static byte[] FromProtobuf(byte[] body, string schemaName)
    {
        try
        {
            return ObjectJson.Encode(ProtobufDecoder.Decode(body, SchemaTable.Kubernetes.Type(schemaName)));
        }
        catch (DecodeException failure)
        {
            throw StatusException.BadRequest(failure.Message);
        }
    }

    private static DecodedObject Decode(byte[] json, string kind, string version, Func<ReadOnlySpan<byte>, DecodedObject> decode)
    {
        try
        {
            return decode(json);
        }
        catch (JsonException failure)
        {
            var at = $"line {(failure.LineNumber ?? 0) + 1}, byte {failure.BytePositionInLine ?? 0}";
            throw StatusException.BadRequest(
                $"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse error: {FirstSentence(failure.Message)} ({at})");
        }
        catch (DecodeException failure)
        {
            throw StatusException.BadRequest($"{kind} in version \"{version}\" cannot be handled as a {kind}: {failure.Message}");
        }
    }

    private static string FirstSentence(string text)
    {
        var end = text.IndexOf(". ", StringComparison.Ordinal);
        return end < 0 ? text : text[..end];
    }
}
