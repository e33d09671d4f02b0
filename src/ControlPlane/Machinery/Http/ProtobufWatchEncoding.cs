using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Schema;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>
/// A watch of kubelets and other programs: frames of a length (four bytes, big-endian) and a WatchEvent{type = 1,
/// object = 2 {raw = 1}} without an envelope; the object in it has one. Source: apimachinery's LengthDelimitedFramer and RawSerializer.
/// </summary>
internal sealed class ProtobufWatchEncoding(TypeSchema type) : WatchEncoding
{
    /// <summary>One function for each type, so that all watchers of a type share what it made of an event.</summary>
    private static readonly ConditionalWeakTable<TypeSchema, Func<StoreEvent, WatchEventType, byte[]>> Encoders = [];

    private readonly Func<StoreEvent, WatchEventType, byte[]> _encode = Encoders.GetValue(
        type, static schema => (change, shown) => Frame(Name(shown), ProtobufEncoder.Encode(Content(change.Shown(shown), schema), schema)));

    public override string ContentType => ProtobufDecoder.MediaType + ";stream=watch";

    public override void Event(PipeWriter output, WatchEventType change, StoreEvent stored) => output.Write(stored.Encoded(change, _encode).Span);

    public override void Initial(PipeWriter output, StoredObject obj) =>
        output.Write(Frame("ADDED", ProtobufEncoder.Encode(Content(obj, type), type)));

    public override void Bookmark(PipeWriter output, JsonObject bookmark) =>
        output.Write(Frame("BOOKMARK", ProtobufEncoder.Encode(type == PartialMetadata.Schema ? PartialMetadata.Bookmark(bookmark) : bookmark, type)));

    public override void Error(PipeWriter output, StatusException failure) =>
        output.Write(Frame("ERROR", ProtobufEncoder.Encode(failure.Status(), SchemaTable.Kubernetes.Type("meta.Status"))));

    private static JsonObject Content(StoredObject obj, TypeSchema schema) =>
        schema == PartialMetadata.Schema ? PartialMetadata.Of(obj) : obj.Document();

    private static byte[] Frame(string name, ReadOnlyMemory<byte> envelope)
    {
        var extension = new ProtobufWriter();
        extension.Bytes(1, envelope.Span);
        var change = new ProtobufWriter();
        change.Text(1, name);
        change.Message(2, extension);
        var frame = new byte[4 + change.Written.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, change.Written.Length);
        change.Written.Span.CopyTo(frame.AsSpan(4));
        return frame;
    }
}
