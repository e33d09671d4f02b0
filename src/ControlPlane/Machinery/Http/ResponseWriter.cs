using System.Buffers;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
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

    public static async Task WriteAsync(HttpContext http, ReadOnlyMemory<byte> json, int code = 200, string contentType = "application/json")
    {
        http.Response.StatusCode = code;
        http.Response.ContentType = contentType;
        http.Response.ContentLength = json.Length;
        await http.Response.BodyWriter.WriteAsync(json, http.RequestAborted);
    }

    public static Task WriteFailureAsync(HttpContext http, StatusException failure)
    {
        if (failure.Code == 401)
        {
            http.Response.Headers.WWWAuthenticate = "Bearer realm=\"kubernetes-control-plane\"";
        }

        return WriteAsync(http, failure.Status(), failure.Code);
    }

    public static Task WriteTextAsync(HttpContext http, string text, int code = 200)
    {
        http.Response.StatusCode = code;
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(text, http.RequestAborted);
    }

    public static Task WriteObjectAsync(ApiRequest request, StoredObject stored, TimeProvider time, int code = 200)
    {
        var obj = request.Descriptor.Present(stored);
        return AcceptHeader.Form(request) switch
        {
            ResponseForm.Table => WriteAsync(request.Http, new TableRenderer(request, time).Table([obj], obj.Modified, null, null), code),
            ResponseForm.PartialMetadata => WriteAsync(request.Http, PartialMetadata.Of(obj), code),
            ResponseForm.Protobuf =>
                WriteAsync(request.Http, ProtobufEncoder.Encode(obj.Document(), request.Descriptor.Schema), code, ProtobufDecoder.MediaType),
            _ => WriteAsync(request.Http, obj.Json, code),
        };
    }

    public static Task WriteListAsync(ApiRequest request, ObjectList stored, TimeProvider time)
    {
        var list = request.Descriptor.IsCustom ? stored with { Items = [.. stored.Items.Select(request.Descriptor.Present)] } : stored;
        return AcceptHeader.Form(request) switch
        {
            ResponseForm.Table =>
                WriteAsync(request.Http, new TableRenderer(request, time).Table(list.Items, list.Revision, list.Continue, list.Remaining)),
            ResponseForm.PartialMetadata => WriteAsync(request.Http, PartialMetadata.Of(list)),
            ResponseForm.Protobuf => WriteAsync(request.Http, EncodeProtobuf(request.Descriptor, list), contentType: ProtobufDecoder.MediaType),
            _ => WriteAsync(request.Http, EncodeList(request.Descriptor.Names, list)),
        };
    }

    /// <summary>List metadata, the same in lists and tables.</summary>
    public static JsonObject ListMetadata(Revision revision, string? continueToken, long? remaining)
    {
        var metadata = new JsonObject { ["resourceVersion"] = revision.ToString() };
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

    private static ReadOnlyMemory<byte> EncodeProtobuf(ResourceDescriptor descriptor, ObjectList list) => ProtobufEncoder.EncodeList(
        descriptor.Names.ApiVersion,
        descriptor.Names.ListKind,
        ListMetadata(list.Revision, list.Continue, list.Remaining),
        list.Items.Select(item => item.Document()),
        descriptor.Schema);

    private static ReadOnlyMemory<byte> EncodeList(ResourceNames names, ObjectList list)
    {
        var head = ObjectJson.Encode(new JsonObject
        {
            ["kind"] = names.ListKind,
            ["apiVersion"] = names.ApiVersion,
            ["metadata"] = ListMetadata(list.Revision, list.Continue, list.Remaining),
        });
        var size = head.Length + 16 + list.Items.Sum(item => item.Json.Length + 1);
        var buffer = new ArrayBufferWriter<byte>(size);
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
}
