using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>Writes lists of whole objects: they go out while they are made, and never lie in memory as a whole.</summary>
internal static class ListWriter
{
    private static readonly ReadOnlyMemory<byte> Items = ",\"items\":["u8.ToArray();
    private static readonly ReadOnlyMemory<byte> Comma = ","u8.ToArray();
    private static readonly ReadOnlyMemory<byte> End = "]}"u8.ToArray();

    public static async Task WriteJsonAsync(HttpContext http, ResourceNames names, ObjectList list)
    {
        var head = Head(names, list);
        var items = list.Items;
        var length = head.Length - 1 + Items.Length + End.Length + Math.Max(0, items.Count - 1) + items.Sum(item => (long)item.JsonLength);
        var output = await ListOutput.StartAsync(http, length, "application/json");
        await output.WriteAsync(head.AsMemory(0, head.Length - 1));
        await output.WriteAsync(Items);
        using var scratch = new JsonScratch();
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
            {
                await output.WriteAsync(Comma);
            }

            await output.WriteAsync(scratch.Of(items[i]));
        }

        await output.WriteAsync(End);
        await output.EndAsync();
    }

    /// <summary>
    /// Every Kubernetes list is {metadata = 1, items = 2}, in an envelope that says first how long it is. The lengths of the items are
    /// counted when they are first listed and kept; then the items are encoded, some on every processor, while those before them go out.
    /// </summary>
    public static async Task WriteProtobufAsync(HttpContext http, ResourceDescriptor descriptor, ObjectList list)
    {
        var names = descriptor.Names;
        using var head = new ProtobufBuffer();
        using var meta = new ProtobufBuffer();
        using var tail = new ProtobufBuffer();
        var start = meta.Begin(1);
        ProtobufTranscoder.Write(ObjectJson.Encode(Metadata(list)), ProtobufList.Metadata, meta);
        meta.End(start);
        var items = new ProtobufList(list.Items, descriptor.Schema);
        items.Measure();
        ProtobufTranscoder.OpenEnvelope(names.ApiVersion, names.ListKind, head);
        head.Head(2, meta.Length + items.Length);
        ProtobufTranscoder.CloseEnvelope(tail);
        var output = await ListOutput.StartAsync(http, head.Length + meta.Length + items.Length + tail.Length, ProtobufDecoder.MediaType);
        if (HttpMethods.IsHead(http.Request.Method))
        {
            return;
        }

        await output.WriteAsync(head.Written);
        await output.WriteAsync(meta.Written);
        await items.WriteAsync(output);
        await output.WriteAsync(tail.Written);
        await output.EndAsync();
    }

    /// <summary>A list without its items.</summary>
    public static byte[] Head(ResourceNames names, ObjectList list) =>
        ObjectJson.Encode(new JsonObject { ["kind"] = names.ListKind, ["apiVersion"] = names.ApiVersion, ["metadata"] = Metadata(list) });

    private static JsonObject Metadata(ObjectList list) => ResponseWriter.ListMetadata(list.Revision, list.Continue, list.Remaining);
}
