using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Tables;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>Writes watch events in the form the client asked for.</summary>
internal abstract class WatchEncoding
{
    public virtual string ContentType => "application/json";

    public abstract void Event(PipeWriter output, WatchEventType type, StoreEvent change);

    /// <summary>An object that was there before the watch began.</summary>
    public abstract void Initial(PipeWriter output, StoredObject obj);

    public abstract void Bookmark(PipeWriter output, JsonObject bookmark);

    /// <summary>The event that ends a watch in the middle of an answer that began with 200.</summary>
    public virtual void Error(PipeWriter output, StatusException failure) => Write(output, "ERROR", failure.Status());

    public static WatchEncoding For(ApiRequest request, TimeProvider time) => AcceptHeader.Form(request) switch
    {
        (ResponseEncoding.Protobuf, ResponseShape.Object) => new ProtobufWatchEncoding(request.Descriptor),
        (ResponseEncoding.Protobuf, _) => new ProtobufMetadataWatchEncoding(),
        (_, ResponseShape.Table) => new TableWatchEncoding(new TableRenderer(request, time)),
        (_, ResponseShape.PartialMetadata) => new PartialMetadataWatchEncoding(),
        _ => new JsonWatchEncoding(),
    };

    protected static void Write(PipeWriter output, string type, JsonNode obj) => output.Write(Line(type, obj));

    protected static byte[] Line(string type, JsonNode obj) => [.. ObjectJson.Encode(new JsonObject { ["type"] = type, ["object"] = obj }), (byte)'\n'];

    protected static string Name(WatchEventType type) => type switch
    {
        WatchEventType.Added => "ADDED",
        WatchEventType.Modified => "MODIFIED",
        _ => "DELETED",
    };

}

/// <summary>The usual watch: bytes that are the same for every client.</summary>
internal sealed class JsonWatchEncoding : WatchEncoding
{
    private static readonly byte[][] Heads =
        ["{\"type\":\"ADDED\",\"object\":"u8.ToArray(), "{\"type\":\"MODIFIED\",\"object\":"u8.ToArray(), "{\"type\":\"DELETED\",\"object\":"u8.ToArray()];

    public override void Event(PipeWriter output, WatchEventType type, StoreEvent change) => Frame(output, type, change.Shown(type));

    public override void Initial(PipeWriter output, StoredObject obj) => Frame(output, WatchEventType.Added, obj);

    public override void Bookmark(PipeWriter output, JsonObject bookmark) => Write(output, "BOOKMARK", bookmark);

    // The stored bytes are the event's: there is no encoding to keep.
    private static void Frame(PipeWriter output, WatchEventType type, StoredObject obj)
    {
        output.Write(Heads[(int)type]);
        output.Write(obj.Json.Span);
        output.Write("}\n"u8);
    }
}

/// <summary>kubectl get -w: each event a table of one row, the columns only in the first.</summary>
internal sealed class TableWatchEncoding(TableRenderer renderer) : WatchEncoding
{
    private bool _columnsSent;

    public override void Event(PipeWriter output, WatchEventType type, StoreEvent change) => Row(output, Name(type), change.Shown(type));

    public override void Initial(PipeWriter output, StoredObject obj) => Row(output, "ADDED", obj);

    public override void Bookmark(PipeWriter output, JsonObject bookmark)
    {
        Write(output, "BOOKMARK", renderer.BookmarkTable(bookmark, withColumns: !_columnsSent));
        _columnsSent = true;
    }

    private void Row(PipeWriter output, string type, StoredObject obj)
    {
        Write(output, type, renderer.EventTable(obj, withColumns: !_columnsSent));
        _columnsSent = true;
    }
}

/// <summary>Watches of metadata only.</summary>
internal sealed class PartialMetadataWatchEncoding : WatchEncoding
{
    private static readonly Func<StoreEvent, WatchEventType, byte[]> Frame = (change, type) => Line(Name(type), PartialMetadata.Of(change.Shown(type)));

    public override void Event(PipeWriter output, WatchEventType type, StoreEvent change) => output.Write(change.Encoded(type, Frame).Span);

    public override void Initial(PipeWriter output, StoredObject obj) => Write(output, "ADDED", PartialMetadata.Of(obj));

    public override void Bookmark(PipeWriter output, JsonObject bookmark)
    {
        Write(output, "BOOKMARK", PartialMetadata.Bookmark(bookmark));
    }
}
