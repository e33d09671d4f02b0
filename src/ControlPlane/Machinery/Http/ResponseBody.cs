using System.IO.Compression;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>The last step of an answer: indented for people, compressed when large. Source: apiserver's responsewriters.</summary>
internal static class ResponseBody
{
    /// <summary>Smaller answers are not worth the time.</summary>
    private const int CompressFrom = 128 * 1024;

    public static async Task WriteAsync(HttpContext http, ReadOnlyMemory<byte> body, int code, string contentType)
    {
        http.Response.StatusCode = code;
        http.Response.ContentType = contentType;
        var isCompressed = http.Response.Headers.ContentEncoding.Count > 0;
        if (!isCompressed && contentType.StartsWith("application/json", StringComparison.Ordinal) && IsPretty(http.Request))
        {
            body = Indent(body);
        }

        if (!isCompressed && IsCompressed(http.Request, body.Length))
        {
            body = Compress(body);
            SayCompressed(http.Response);
        }

        http.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await http.Response.BodyWriter.WriteAsync(body, http.RequestAborted);
        }
    }

    /// <summary>Whether a JSON body may go out while it is made.</summary>
    public static bool MayStream(HttpRequest request) => HttpMethods.IsGet(request.Method) && !IsPretty(request);

    /// <summary>Whether a body of this length is compressed.</summary>
    public static bool IsCompressed(HttpRequest request, long length) => length >= CompressFrom && AcceptsGzip(request);

    /// <summary>Says so in the head.</summary>
    public static void SayCompressed(HttpResponse response)
    {
        response.Headers.ContentEncoding = "gzip";
        response.Headers.Vary = "Accept-Encoding";
    }

    public static bool AcceptsGzip(HttpRequest request) => request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.Ordinal);

    /// <summary>pretty says so, or without it the program is one that people use by hand.</summary>
    private static bool IsPretty(HttpRequest request)
    {
        if (request.Query.TryGetValue("pretty", out var pretty))
        {
            return pretty.ToString() is "" or "true" or "1";
        }

        var agent = request.Headers.UserAgent.ToString();
        return agent.StartsWith("curl", StringComparison.Ordinal) || agent.StartsWith("Wget", StringComparison.Ordinal)
            || agent.StartsWith("Mozilla/5.0", StringComparison.Ordinal);
    }

    private static byte[] Indent(ReadOnlyMemory<byte> json)
    {
        var text = new MemoryStream(json.Length * 2);
        var options = new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" };
        using (var writer = new Utf8JsonWriter(text, options))
        {
            ((JsonNode)ObjectJson.Decode(json.Span)).WriteTo(writer);
        }

        text.WriteByte((byte)'\n');
        return text.ToArray();
    }

    private static byte[] Compress(ReadOnlyMemory<byte> body)
    {
        var compressed = new MemoryStream(body.Length / 4);
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(body.Span);
        }

        return compressed.ToArray();
    }
}
