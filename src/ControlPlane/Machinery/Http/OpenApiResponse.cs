using Dataplane.ControlPlane.Machinery.Discovery;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>Answers with an OpenAPI document so that clients can keep it: by the hash in its address, and by its ETag.</summary>
internal static class OpenApiResponse
{
    private const string JsonType = "application/json";

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

        if (!http.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.Ordinal))
        {
            await ResponseWriter.WriteAsync(http, document.Json(), contentType: JsonType);
            return;
        }

        http.Response.Headers.ContentEncoding = "gzip";
        await ResponseWriter.WriteAsync(http, document.Compressed, contentType: JsonType);
    }
}
