using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Schema;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>
/// A watch of kubelets and other programs: frames of a length (four bytes, big-endian) and a WatchEvent{type = 1,
/// object = 2 {raw = 1}} without an envelope; the object in it has one. Source: apimachinery's LengthDelimitedFramer and RawSerializer.
/// </summary>
internal sealed class ProtobufWatchEncoding(TypeSchema type) : WatchEncoding
{
    public override string ContentType => ProtobufDecoder.MediaType + ";stream=watch";

    public override void Event(PipeWriter output, WatchEventType change, StoreEvent stored) =>
        Frame(output, Name(change), Shown(change, stored).Document(), type);

    public override void Initial(PipeWriter output, StoredObject obj) => Frame(output, "ADDED", obj.Document(), type);

    public override void Bookmark(PipeWriter output, JsonObject bookmark) => Frame(output, "BOOKMARK", bookmark, type);

    public override void Error(PipeWriter output, StatusException failure) =>
        Frame(output, "ERROR", failure.Status(), SchemaTable.Kubernetes.Type("meta.Status"));

    private static void Frame(PipeWriter output, string name, JsonObject obj, TypeSchema schema)
    {
        var extension = new ProtobufWriter();
        extension.Bytes(1, ProtobufEncoder.Encode(obj, schema).Span);
        var change = new ProtobufWriter();
        change.Text(1, name);
        change.Message(2, extension);
        BinaryPrimitives.WriteInt32BigEndian(output.GetSpan(4), change.Written.Length);
        output.Advance(4);
        System.Buffers.BuffersExtensions.Write(output, change.Written.Span);
    }
}
