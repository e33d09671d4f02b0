using Dataplane.ControlPlane.Machinery.Discovery;
using Dataplane.ControlPlane.Machinery.Json;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>Answers with an OpenAPI document so that clients can keep it: by the hash in its address, and by its ETag.</summary>
internal static class OpenApiResponse
{
    private const string JsonType = "application/json";

    private const string ProtobufType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

    /// <summary>The one document of OpenAPI v2, in JSON or in the protobuf form that kubectl up to 1.28 needs.</summary>
    public static async Task WriteMergedAsync(HttpContext http, OpenApiDocument document)
    {
        var protobuf = http.Request.Headers.Accept.ToString().Replace('@', '.').Contains(ProtobufType, StringComparison.Ordinal);
        var tag = protobuf ? $"\"{document.Hash}-pb\"" : $"\"{document.Hash}\"";
        http.Response.Headers.Vary = "Accept";
        http.Response.Headers.ETag = tag;
        if (http.Request.Headers.IfNoneMatch.ToString() == tag)
        {
            http.Response.StatusCode = 304;
        }
        else if (protobuf)
        {
            await ResponseWriter.WriteAsync(http, OpenApiV2Protobuf.Encode(ObjectJson.Decode(document.Json())), contentType: ProtobufType);
        }
        else
        {
            await WriteJsonAsync(http, document);
        }
    }

    public static async Task WriteAsync(HttpContext http, OpenApiDocument document)
    {
        var asked = http.Request.Query["hash"].ToString();
        if (asked.Length > 0 && asked != document.Hash)
        {
            // What the client has seen an index of is gone: it is told where the present document is.
            http.Response.StatusCode = 301;
            http.Response.Headers.Location = $"{http.Request.Path}?hash={document.Hash}";
            return;
        }

        http.Response.Headers.Vary = "Accept";
        http.Response.Headers.ETag = $"\"{document.Hash}\"";
        if (asked.Length > 0)
        {
            http.Response.Headers.CacheControl = "public, immutable, max-age=31536000";
        }

        if (http.Request.Headers.IfNoneMatch.ToString() == $"\"{document.Hash}\"")
        {
            http.Response.StatusCode = 304;
            return;
        }

        await WriteJsonAsync(http, document);
    }

    private static async Task WriteJsonAsync(HttpContext http, OpenApiDocument document)
    {
        if (!ResponseBody.AcceptsGzip(http.Request))
        {
            await ResponseWriter.WriteAsync(http, document.Json(), contentType: JsonType);
            return;
        }

        http.Response.Headers.ContentEncoding = "gzip";
        await ResponseWriter.WriteAsync(http, document.Compressed, contentType: JsonType);
    }
}
