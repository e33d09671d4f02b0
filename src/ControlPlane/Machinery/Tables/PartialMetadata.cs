using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Http;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Machinery.Schema;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Tables;

/// <summary>meta.k8s.io PartialObjectMetadata: an object without its content.</summary>
internal static class PartialMetadata
{
    /// <summary>Type of the schema tables.</summary>
    public static TypeSchema Schema { get; } = SchemaTable.Kubernetes.Type("meta.PartialObjectMetadata");

    public static ReadOnlyMemory<byte> Protobuf(ObjectList list) => ProtobufEncoder.EncodeList(
        "meta.k8s.io/v1", "PartialObjectMetadataList", ResponseWriter.ListMetadata(list.Revision, list.Continue, list.Remaining), list.Items.Select(Of), Schema);

    public static JsonObject Of(StoredObject obj) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = "meta.k8s.io/v1",
        ["metadata"] = obj.Document().Metadata().DeepClone(),
    };

    /// <summary>A bookmark in this shape.</summary>
    public static JsonObject Bookmark(JsonObject bookmark)
    {
        bookmark["kind"] = "PartialObjectMetadata";
        bookmark["apiVersion"] = "meta.k8s.io/v1";
        return bookmark;
    }

    public static JsonObject Of(ObjectList list) => new()
    {
        ["kind"] = "PartialObjectMetadataList",
        ["apiVersion"] = "meta.k8s.io/v1",
        ["metadata"] = ResponseWriter.ListMetadata(list.Revision, list.Continue, list.Remaining),
        ["items"] = new JsonArray([.. list.Items.Select(Of)]),
    };
}
