using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Schema;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>
/// A watch of kubelets and other programs: frames of a length (four bytes, big-endian) and a WatchEvent{type = 1,
/// object = 2 {raw = 1}} without an envelope; the object in it has one. Source: apimachinery's LengthDelimitedFramer and RawSerializer.
/// </summary>
internal abstract class ProtobufFrames : WatchEncoding
{
    private const int LengthBytes = 4;

    public override string ContentType => ProtobufDecoder.MediaType + ";stream=watch";

    public override void Error(PipeWriter output, StatusException failure) =>
        output.Write(Frame("ERROR", ObjectJson.Encode(failure.Status()), "v1", "Status", SchemaTable.Kubernetes.Type("meta.Status")));

    protected static byte[] Frame(string name, ReadOnlySpan<byte> json, string apiVersion, string kind, TypeSchema type)
    {
        using var output = new ProtobufBuffer();
        output.Append([0, 0, 0, 0]);
        output.Text(1, name);
        var extension = output.Begin(2);
        var raw = output.Begin(1);
        ProtobufTranscoder.WriteEnveloped(json, apiVersion, kind, type, output);
        output.End(raw);
        output.End(extension);
        var frame = output.Written.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - LengthBytes);
        return frame;
    }
}

/// <summary>Whole objects.</summary>
internal sealed class ProtobufWatchEncoding(ResourceDescriptor descriptor) : ProtobufFrames
{
    /// <summary>One function for each kind, so that all its watchers share what it made of an event.</summary>
    private static readonly ConditionalWeakTable<ResourceDescriptor, Func<StoreEvent, WatchEventType, byte[]>> Encoders = [];

    private readonly Func<StoreEvent, WatchEventType, byte[]> _encode = Encoders.GetValue(
        descriptor, static kind => (change, shown) => Frame(kind, Name(shown), change.Shown(shown).Json.Span));

    public override void Event(PipeWriter output, WatchEventType type, StoreEvent change) => output.Write(change.Encoded(type, _encode).Span);

    public override void Initial(PipeWriter output, StoredObject obj) => output.Write(Frame(descriptor, "ADDED", obj.Json.Span));

    public override void Bookmark(PipeWriter output, JsonObject bookmark) => output.Write(Frame(descriptor, "BOOKMARK", ObjectJson.Encode(bookmark)));

    private static byte[] Frame(ResourceDescriptor kind, string name, ReadOnlySpan<byte> json) =>
        Frame(name, json, kind.Names.ApiVersion, kind.Names.Kind, kind.Schema);
}

/// <summary>Metadata only.</summary>
internal sealed class ProtobufMetadataWatchEncoding : ProtobufFrames
{
    private static readonly Func<StoreEvent, WatchEventType, byte[]> Encode = (change, type) => Frame(Name(type), PartialMetadata.Of(change.Shown(type)));

    public override void Event(PipeWriter output, WatchEventType type, StoreEvent change) => output.Write(change.Encoded(type, Encode).Span);

    public override void Initial(PipeWriter output, StoredObject obj) => output.Write(Frame("ADDED", PartialMetadata.Of(obj)));

    public override void Bookmark(PipeWriter output, JsonObject bookmark) => output.Write(Frame("BOOKMARK", PartialMetadata.Bookmark(bookmark)));

    private static byte[] Frame(string name, JsonObject metadata) =>
        Frame(name, ObjectJson.Encode(metadata), "meta.k8s.io/v1", "PartialObjectMetadata", PartialMetadata.Schema);
}
