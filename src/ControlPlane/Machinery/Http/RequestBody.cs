using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.Api;
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

    private const int ShownBytes = 30;
    private const string Accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

    /// <exception cref="StatusException">413 over 3 MiB.</exception>
    /// <exception cref="ClientGoneException">The client went away before it had sent all.</exception>
    public static async Task<byte[]> ReadAsync(HttpContext http)
    {
        if (http.Request.ContentLength > MaxBytes)
        {
            throw StatusException.TooLarge();
        }

        using var buffer = new MemoryStream((int)(http.Request.ContentLength ?? 4096));
        var chunk = new byte[16 * 1024];
        while (await ReadAsync(http, chunk) is var count and > 0)
        {
            if (buffer.Length + count > MaxBytes)
            {
                throw StatusException.TooLarge();
            }

            buffer.Write(chunk, 0, count);
        }

        return buffer.ToArray();
    }

    // The connection tells a reader that it broke before it tells the request that it is aborted; then there is nothing left to cancel.
    private static async ValueTask<int> ReadAsync(HttpContext http, byte[] chunk)
    {
        try
        {
            return await http.Request.Body.ReadAsync(chunk, CancellationToken.None);
        }
        catch (Exception broken) when (broken is OperationCanceledException or IOException and not BadHttpRequestException)
        {
            throw new ClientGoneException(broken);
        }
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
        var body = await ReadAsync(http);
        var (json, yamlErrors) = ToJson(body, MediaType(http), names.Kind, schemaName);
        var decoded = Decode(json, body, names, decode);
        CheckKind(decoded.Object, names, schemaName);
        FieldValidation.Report(http, [.. yamlErrors, .. decoded.StrictErrors], errors =>
            StatusException.BadRequest($"{names.Kind} in version \"{names.Version}\" cannot be handled as a {names.Kind}: {errors}"));
        return decoded.Object;
    }

    /// <summary>The body must be what the path is for; what its own kind is, if there is one, is said.</summary>
    private static void CheckKind(JsonObject obj, ResourceNames names, string? schemaName)
    {
        var (apiVersion, kind) = (obj.Text("apiVersion") ?? "", obj.Text("kind") ?? "");
        apiVersion = apiVersion.Length == 0 ? names.ApiVersion : apiVersion;
        kind = kind.Length == 0 ? names.Kind : kind;
        if (kind == names.Kind && apiVersion == names.ApiVersion)
        {
            return;
        }

        if (kind == names.Kind && (schemaName is null || GroupOf(apiVersion) == names.Group))
        {
            throw StatusException.BadRequest(
                $"the API version in the data ({apiVersion}) does not match the expected API version ({names.ApiVersion})");
        }

        var version = apiVersion[(apiVersion.IndexOf('/', StringComparison.Ordinal) + 1)..];
        var known = SchemaTable.Kubernetes.Types.Any(type => type.Name.EndsWith("." + kind, StringComparison.Ordinal));
        throw StatusException.BadRequest($"{kind} in version \"{version}\" cannot be handled as a {names.Kind}: " + (known && schemaName is not null
            ? $"converting ({version}.{kind}) to ({schemaName}): unknown conversion"
            : $"no kind \"{kind}\" is registered for version \"{apiVersion}\" in scheme \"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30\""));
    }

    private static string GroupOf(string apiVersion)
    {
        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? "" : apiVersion[..slash];
    }

    /// <summary>Options in a body that may be empty (DeleteOptions).</summary>
    public static async Task<JsonObject> ReadOptionsAsync(HttpContext http, string kind, string schemaName)
    {
        var body = await ReadAsync(http);
        if (body.Length == 0)
        {
            return [];
        }

        var names = new ResourceNames("", "v1", kind, "", "", Namespaced: false);
        var (json, _) = ToJson(body, MediaType(http), kind, schemaName);
        return Decode(json, body, names, bytes => SchemaJsonDecoder.Decode(bytes, SchemaTable.Kubernetes.Type(schemaName))).Object;
    }

    /// <summary>The Content-Type without its parameters; JSON when there is none.</summary>
    public static string MediaType(HttpContext http)
    {
        var type = http.Request.ContentType ?? "";
        var end = type.IndexOf(';', StringComparison.Ordinal);
        var bare = (end < 0 ? type : type[..end]).Trim();
        return bare.Length == 0 ? "application/json" : bare;
    }

    private static (byte[] Json, IEnumerable<string> StrictErrors) ToJson(byte[] body, string mediaType, string kind, string? schemaName)
    {
        switch (mediaType)
        {
            case "application/json":
                return (JsonBytes.Clean(body), []);
            case "application/yaml":
                try
                {
                    var yaml = YamlToJson.Convert(body);
                    return (yaml.Json, yaml.StrictErrors);
                }
                catch (FormatException failure)
                {
                    throw Unrecognized(kind, failure.Message, body);
                }

            case ProtobufDecoder.MediaType when schemaName is not null:
                return (FromProtobuf(body, kind, schemaName), []);
            default:
                throw StatusException.UnsupportedMediaType(schemaName is null ? "application/json, application/yaml" : Accepted);
        }
    }

    private static byte[] FromProtobuf(byte[] body, string kind, string schemaName)
    {
        try
        {
            return ObjectJson.Encode(ProtobufDecoder.Decode(body, SchemaTable.Kubernetes.Type(schemaName)));
        }
        catch (DecodeException failure)
        {
            throw Unrecognized(kind, failure.Message, body);
        }
    }

    private static DecodedObject Decode(byte[] json, byte[] body, ResourceNames names, Func<ReadOnlySpan<byte>, DecodedObject> decode)
    {
        try
        {
            return decode(json);
        }
        catch (JsonException)
        {
            throw Unrecognized(names.Kind, $"couldn't get version/kind; json parse error: {GoJsonSyntax.Error(json) ?? "exceeded max depth"}", body);
        }
        catch (DecodeException failure) when (json.AsSpan().TrimStart(" \t\r\n"u8) is not [(byte)'{', ..])
        {
            throw Unrecognized(names.Kind, $"couldn't get version/kind; json parse error: {failure.Message}", body);
        }
        catch (DecodeException failure)
        {
            throw StatusException.BadRequest($"{names.Kind} in version \"{names.Version}\" cannot be handled as a {names.Kind}: {failure.Message}");
        }
    }

    /// <summary>A body that does not even show what it is; its beginning helps to see why.</summary>
    private static StatusException Unrecognized(string kind, string why, byte[] body)
    {
        var start = body.AsSpan(0, Math.Min(body.Length, ShownBytes));
        var shown = body.Length == 0 ? "<empty>" : body[0] == '{' ? ObjectJson.Text(start) : Convert.ToHexStringLower(start);
        var more = body.Length > ShownBytes ? " ..." : "";
        return StatusException.BadRequest($"the object provided is unrecognized (must be of type {kind}): {why} ({shown}{more})");
    }
}
