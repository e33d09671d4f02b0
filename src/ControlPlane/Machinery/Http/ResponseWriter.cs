using System.Buffers;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Machinery.Schema;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>Writes answers. Stored bytes go out as they are.</summary>
internal static class ResponseWriter
{
    public static Task WriteAsync(HttpContext http, JsonNode node, int code = 200, string contentType = "application/json") =>
        WriteAsync(http, ObjectJson.Encode(node), code, contentType);

    public static Task WriteAsync(HttpContext http, ReadOnlyMemory<byte> json, int code = 200, string contentType = "application/json") =>
        ResponseBody.WriteAsync(http, json, code, contentType);

    public static Task WriteFailureAsync(HttpContext http, StatusException failure)
    {
        if (failure.Code == 401)
        {
            http.Response.Headers.WWWAuthenticate = "Bearer realm=\"kubernetes-control-plane\"";
        }

        return WriteTypedAsync(http, failure.Status(), "meta.Status", failure.Code);
    }

    /// <summary>Writes what is not of the kind of the path: a Status, a Scale, an answered review.</summary>
    /// <param name="http">The request.</param>
    /// <param name="obj">With its kind and apiVersion.</param>
    /// <param name="schemaName">Its type.</param>
    /// <param name="code">HTTP status.</param>
    public static Task WriteTypedAsync(HttpContext http, JsonObject obj, string schemaName, int code = 200) => AcceptHeader.Encoding(http) switch
    {
        ResponseEncoding.Protobuf =>
            WriteAsync(http, ProtobufEncoder.Encode(obj, SchemaTable.Kubernetes.Type(schemaName)), code, ProtobufDecoder.MediaType),
        ResponseEncoding.Yaml => WriteYamlAsync(http, obj, code),
        _ => WriteAsync(http, obj, code),
    };

    public static Task WriteTextAsync(HttpContext http, string text, int code = 200, string contentType = "text/plain; charset=utf-8")
    {
        http.Response.StatusCode = code;
        http.Response.ContentType = contentType;
        return http.Response.WriteAsync(text, http.RequestAborted);
    }

    public static Task WriteObjectAsync(ApiRequest request, StoredObject stored, TimeProvider time, int code = 200)
    {
        var obj = request.Descriptor.Present(stored);
        var form = AcceptHeader.Form(request);
        return form switch
        {
            (ResponseEncoding.Json, ResponseShape.Object) => WriteAsync(request.Http, obj.Json, code),
            (ResponseEncoding.Protobuf, ResponseShape.Object) =>
                WriteProtobufAsync(request, obj, code),
            (_, ResponseShape.Table) => WriteAsync(
                request.Http, form.Encoding, new TableRenderer(request, time).Table([obj], obj.Modified, null, null), code),
            (ResponseEncoding.Protobuf, _) => WriteAsync(
                request.Http, ProtobufEncoder.Encode(PartialMetadata.Of(obj), PartialMetadata.Schema), code, ProtobufDecoder.MediaType),
            (_, ResponseShape.PartialMetadata) => WriteAsync(request.Http, form.Encoding, PartialMetadata.Of(obj), code),
            _ => WriteYamlAsync(request.Http, obj.Document(), code),
        };
    }

    public static Task WriteListAsync(ApiRequest request, ObjectList stored, TimeProvider time)
    {
        var list = request.Descriptor.ConvertsStored ? stored with { Items = [.. stored.Items.Select(request.Descriptor.Present)] } : stored;
        var form = AcceptHeader.Form(request);
        return form switch
        {
            (ResponseEncoding.Json, ResponseShape.Object) when !ResponseBody.MayStream(request.Http.Request) =>
                WriteAsync(request.Http, EncodeList(request.Descriptor.Names, list)),
            (ResponseEncoding.Json, ResponseShape.Object) => ListWriter.WriteJsonAsync(request.Http, request.Descriptor.Names, list),
            (ResponseEncoding.Protobuf, ResponseShape.Object) => ListWriter.WriteProtobufAsync(request.Http, request.Descriptor, list),
            (_, ResponseShape.Table) => WriteAsync(
                request.Http, form.Encoding, new TableRenderer(request, time).Table(list.Items, list.Revision, list.Continue, list.Remaining), 200),
            (ResponseEncoding.Protobuf, _) => WriteAsync(request.Http, PartialMetadata.Protobuf(list), contentType: ProtobufDecoder.MediaType),
            (_, ResponseShape.PartialMetadata) => WriteAsync(request.Http, form.Encoding, PartialMetadata.Of(list), 200),
            _ => WriteYamlAsync(request.Http, ObjectJson.Decode(EncodeList(request.Descriptor.Names, list).Span), 200),
        };
    }

    /// <summary>List metadata, the same in lists and tables. What is not stored has no revision.</summary>
    public static JsonObject ListMetadata(Revision revision, string? continueToken, long? remaining)
    {
        var metadata = new JsonObject();
        if (revision != Revision.None)
        {
            metadata["resourceVersion"] = revision.ToString();
        }

        if (continueToken is not null)
        {
            metadata["continue"] = continueToken;
        }

        if (remaining is not null)
        {
            metadata["remainingItemCount"] = remaining;
        }

        return metadata;
    }

    private static Task WriteAsync(HttpContext http, ResponseEncoding encoding, JsonObject obj, int code) =>
        encoding == ResponseEncoding.Yaml ? WriteYamlAsync(http, obj, code) : WriteAsync(http, obj, code);

    private static Task WriteYamlAsync(HttpContext http, JsonObject obj, int code) =>
        WriteAsync(http, System.Text.Encoding.UTF8.GetBytes(YamlText.Of(obj)), code, "application/yaml");

    private static ReadOnlyMemory<byte> EncodeList(ResourceNames names, ObjectList list)
    {
        var head = ListWriter.Head(names, list);
        var buffer = new ArrayBufferWriter<byte>(head.Length + 16 + list.Items.Sum(item => item.JsonLength + 1));
        buffer.Write(head.AsSpan(0, head.Length - 1));
        buffer.Write(",\"items\":["u8);
        for (var i = 0; i < list.Items.Count; i++)
        {
            if (i > 0)
            {
                buffer.Write(","u8);
            }

            buffer.Write(list.Items[i].Json.Span);
        }

        buffer.Write("]}"u8);
        return buffer.WrittenMemory;
    }

    private static async Task WriteProtobufAsync(ApiRequest request, StoredObject obj, int code)
    {
        var names = request.Descriptor.Names;
        using var output = new ProtobufBuffer();
        ProtobufTranscoder.WriteEnveloped(obj.Json.Span, names.ApiVersion, names.Kind, request.Descriptor.Schema, output);
        await WriteAsync(request.Http, output.Written, code, ProtobufDecoder.MediaType);
    }
}
