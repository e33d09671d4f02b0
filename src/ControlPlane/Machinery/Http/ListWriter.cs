using System.IO.Pipelines;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Machinery.Schema;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>Writes lists of whole objects: large ones go out while they are made, and never lie in memory as a whole.</summary>
internal static class ListWriter
{
    /// <summary>Items of a list in protobuf that one thread encodes at a time.</summary>
    private const int PartItems = 256;

    private static readonly TypeSchema ListMeta = SchemaTable.Kubernetes.Type("meta.ListMeta");

    public static async Task WriteJsonAsync(HttpContext http, ResourceNames names, ObjectList list)
    {
        var head = Head(names, list);
        var items = list.Items;
        var length = head.Length - 1 + Items.Length + End.Length + Math.Max(0, items.Count - 1) + items.Sum(item => (long)item.JsonLength);
        var output = await StartAsync(http, length, "application/json");
        await output.WriteAsync(head.AsMemory(0, head.Length - 1), http.RequestAborted);
        await output.WriteAsync(Items, http.RequestAborted);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
            {
                await output.WriteAsync(Comma, http.RequestAborted);
            }

            await output.WriteAsync(items[i].Json, http.RequestAborted);
        }

        await output.WriteAsync(End, http.RequestAborted);
        await output.FlushAsync(http.RequestAborted);
    }

    /// <summary>Every Kubernetes list is {metadata = 1, items = 2}. Its length comes first, so the items are encoded before any goes out.</summary>
    public static async Task WriteProtobufAsync(HttpContext http, ResourceDescriptor descriptor, ObjectList list)
    {
        var names = descriptor.Names;
        var parts = new ProtobufBuffer[(list.Items.Count + PartItems - 1) / PartItems];
        using var head = new ProtobufBuffer();
        using var meta = new ProtobufBuffer();
        using var tail = new ProtobufBuffer();
        try
        {
            Parallel.For(0, parts.Length, part => parts[part] = Encode(list.Items, part * PartItems, descriptor.Schema));
            var start = meta.Begin(1);
            ProtobufTranscoder.Write(ObjectJson.Encode(Metadata(list)), ListMeta, meta);
            meta.End(start);
            ProtobufTranscoder.OpenEnvelope(names.ApiVersion, names.ListKind, head);
            head.Head(2, meta.Length + parts.Sum(part => (long)part.Length));
            ProtobufTranscoder.CloseEnvelope(tail);
            if (!ResponseBody.IsPlain(http.Request))
            {
                head.Append(meta.Written.Span);
                Array.ForEach(parts, part => head.Append(part.Written.Span));
                head.Append(tail.Written.Span);
                await ResponseBody.WriteAsync(http, head.Written, 200, ProtobufDecoder.MediaType);
                return;
            }

            var output = await StartAsync(http, head.Length + meta.Length + tail.Length + parts.Sum(part => (long)part.Length), ProtobufDecoder.MediaType);
            await output.WriteAsync(head.Written, http.RequestAborted);
            await output.WriteAsync(meta.Written, http.RequestAborted);
            foreach (var part in parts)
            {
                await output.WriteAsync(part.Written, http.RequestAborted);
            }

            await output.WriteAsync(tail.Written, http.RequestAborted);
            await output.FlushAsync(http.RequestAborted);
        }
        finally
        {
            Array.ForEach(parts, part => part?.Dispose());
        }
    }

    /// <summary>A list without its items.</summary>
    public static byte[] Head(ResourceNames names, ObjectList list) =>
        ObjectJson.Encode(new JsonObject { ["kind"] = names.ListKind, ["apiVersion"] = names.ApiVersion, ["metadata"] = Metadata(list) });

    private static JsonObject Metadata(ObjectList list) => ResponseWriter.ListMetadata(list.Revision, list.Continue, list.Remaining);

    private static readonly ReadOnlyMemory<byte> Items = ",\"items\":["u8.ToArray();
    private static readonly ReadOnlyMemory<byte> Comma = ","u8.ToArray();
    private static readonly ReadOnlyMemory<byte> End = "]}"u8.ToArray();

    private static ProtobufBuffer Encode(IReadOnlyList<StoredObject> items, int from, TypeSchema type)
    {
        var output = new ProtobufBuffer();
        for (var i = from; i < Math.Min(from + PartItems, items.Count); i++)
        {
            var item = output.Begin(2);
            ProtobufTranscoder.Write(items[i].Json.Span, type, output);
            output.End(item);
        }

        return output;
    }

    private static async Task<PieceWriter> StartAsync(HttpContext http, long length, string contentType)
    {
        http.Response.StatusCode = 200;
        http.Response.ContentType = contentType;
        http.Response.ContentLength = length;
        await http.Response.StartAsync(http.RequestAborted);
        return new PieceWriter(http.Response.BodyWriter);
    }

    /// <summary>
    /// Fills pieces of a TLS record's size. The server's own pieces are a quarter of it, and each piece costs a call of the
    /// cipher and a record's head.
    /// </summary>
    private sealed class PieceWriter(PipeWriter output)
    {
        private const int Piece = 16 * 1024;
        private const int FlushEvery = 8 * Piece;

        private Memory<byte> _space;
        private int _used;
        private int _unflushed;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
        {
            if (bytes.Length > _space.Length - _used)
            {
                return WritePiecesAsync(bytes, cancellation);
            }

            bytes.Span.CopyTo(_space.Span[_used..]);
            _used += bytes.Length;
            return ValueTask.CompletedTask;
        }

        public async ValueTask FlushAsync(CancellationToken cancellation)
        {
            Advance();
            _space = default;
            await output.FlushAsync(cancellation);
        }

        // The server takes an advance without a piece for one that came before the answer's head.
        private void Advance()
        {
            if (_used > 0)
            {
                output.Advance(_used);
                _unflushed += _used;
                _used = 0;
            }
        }

        private async ValueTask WritePiecesAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
        {
            while (!bytes.IsEmpty)
            {
                if (_used == _space.Length)
                {
                    Advance();
                    if (_unflushed >= FlushEvery)
                    {
                        await output.FlushAsync(cancellation);
                        _unflushed = 0;
                    }

                    _space = output.GetMemory(Piece)[..Piece];
                }

                var count = Math.Min(bytes.Length, _space.Length - _used);
                bytes[..count].CopyTo(_space[_used..]);
                _used += count;
                bytes = bytes[count..];
            }
        }
    }
}
